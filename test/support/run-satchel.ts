import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = new URL('../../apps/server/', import.meta.url)
const { bin } = JSON.parse(readFileSync(new URL('package.json', FOLDER), 'utf8')) as { bin: { satchel: string } }
const MS_MAX = 120_000

export type Ran = Readonly<{ code: number; stdout: string; stderr: string }>

/** Runs `npx satchel` with arguments, with nothing in its environment but these settings, and with this to read; resolves once it has ended. */
export function runSatchel(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ran> {
  const command = [fileURLToPath(new URL(bin.satchel, FOLDER)), ...args]
  const env = { PATH: process.env['PATH'] ?? '', ...settings }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, command, { env, timeout: MS_MAX }, (fault, stdout, stderr) => {
      const code = fault === null ? 0 : typeof fault.code === 'number' ? fault.code : -1
      resolve({ code, stdout, stderr })
    })
    child.stdin?.on('error', () => {}) // one that reads nothing may have ended
    child.stdin?.end(input)
  })
}
