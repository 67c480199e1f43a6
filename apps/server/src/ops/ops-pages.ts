import type { Health } from './health.js'
import type { Metrics } from './metrics.js'

export type OpsPage = Readonly<{ status: number; contentType: string; body: string }>

const JSON_TYPE = 'application/json; charset=utf-8'

/** What operators read, the same on the main port and on one of its own. */
export class OpsPages {
  constructor(private readonly deps: Readonly<{ health: Health; metrics: Metrics }>) {}

  /** The process runs and its event loop turns; nothing else is asked, so that a slow database restarts nobody. */
  live(): OpsPage {
    return { status: 200, contentType: JSON_TYPE, body: '{"live":true}' }
  }

  /** 200 while requests are welcome, else 503. */
  async ready(): Promise<OpsPage> {
    const readiness = await this.deps.health.readiness()
    return { status: readiness.ready ? 200 : 503, contentType: JSON_TYPE, body: JSON.stringify(readiness) }
  }

  async metrics(): Promise<OpsPage> {
    const { metrics } = this.deps
    return { status: 200, contentType: metrics.contentType, body: await metrics.text() }
  }
}
