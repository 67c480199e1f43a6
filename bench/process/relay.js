import { fileURLToPath } from 'node:url'
import { startNode } from './child.js'
import { freePort, ready } from './port.js'

const RELAY = fileURLToPath(new URL('../floor/relay.js', import.meta.url))

/** The bare socket.io relay. */
export async function startRelay() {
  const port = await freePort()
  const child = startNode(RELAY, { args: [String(port)] })
  await ready(port, '/', child)
  return { ...child, port }
}
