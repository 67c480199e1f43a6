import { fileURLToPath } from 'node:url'
import { startNode } from './child.js'
import { freePort, ready } from './port.js'

const ECHO = fileURLToPath(new URL('../floor/echo.js', import.meta.url))
const POSTGRES_LOOP = fileURLToPath(new URL('../floor/postgres-loop.js', import.meta.url))
const STORE_PATH = fileURLToPath(new URL('../load/store-path.js', import.meta.url))
const SQLITE_LOOP = fileURLToPath(new URL('../floor/sqlite-loop.js', import.meta.url))

/** The bare Nest application on Fastify. */
export async function startEcho() {
  const port = await freePort()
  const child = startNode(ECHO, { args: [String(port)] })
  await ready(port, '/ready', child)
  return { ...child, port }
}

/** The bare loop over better-sqlite3. */
export const startSqliteLoop = (file, tuning) => startNode(SQLITE_LOOP, { args: [file, tuning] })

/** The bare loop over pg, in an empty database. */
export const startPostgresLoop = (url) => startNode(POSTGRES_LOOP, { args: [url] })

/** The server's write queue and PostgreSQL store without a face, on a database that a server has made. */
export const startStorePath = (url) => startNode(STORE_PATH, { args: [url] })
