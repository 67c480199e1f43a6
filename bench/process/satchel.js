import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchDirectory, startNode } from './child.js'
import { freePort, ready } from './port.js'

const MAIN = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url))
const RECORDER = new URL('../profile/recorder.js', import.meta.url).href

export const READY_PATH = '/health/ready'

/** The server as anybody starts it: default settings but for port, data directory and the demo pool. */
export async function startSatchel({ dataDir = scratchDirectory('data'), env = {}, profiled = false } = {}) {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: run "npm run build" first`)
  const port = await freePort()
  const child = startNode(MAIN, {
    nodeArgs: profiled ? ['--import', RECORDER] : [],
    env: { SATCHEL_PORT: String(port), SATCHEL_DATA_DIR: dataDir, SATCHEL_DEMO: 'off', ...env },
  })
  await ready(port, READY_PATH, child)
  return { ...child, port, dataDir, databaseFile: join(dataDir, DATABASE_FILE), admin: adminOf(dataDir, env) }
}

const DATABASE_FILE = 'satchel.db'

function adminOf(
  dataDir,
  { SATCHEL_ADMIN_ACCESS_KEY_ID: accessKeyId, SATCHEL_ADMIN_SECRET_ACCESS_KEY: secretAccessKey },
) {
  if (accessKeyId !== undefined) return { accessKeyId, secretAccessKey }
  const text = readFileSync(join(dataDir, 'admin-credentials'), 'utf8')
  const setting = (name) => new RegExp(`^${name}\\s*=\\s*(.+)$`, 'm').exec(text)?.[1].trim()
  return { accessKeyId: setting('aws_access_key_id'), secretAccessKey: setting('aws_secret_access_key') }
}
