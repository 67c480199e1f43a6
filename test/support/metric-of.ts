import { exchange } from './http-exchange.js'
import type { RunningServer } from './start-server.js'

/** A metric as a scraper reads it, all its labels together; 0 where it has no value yet. */
export async function metricOf({ url }: Pick<RunningServer, 'url'>, name: string): Promise<number> {
  const { status, text } = await exchange(url, { target: '/metrics' })
  if (status !== 200) throw new Error(`/metrics was answered ${status}`)
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
