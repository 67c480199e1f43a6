import { io } from 'socket.io-client'

/** A device of the bare relay: a map, a socket, nothing kept. */
export async function openRelayDevice({ url, identity }) {
  const held = new Map()
  const waiting = new Set()
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth: { identity } })
  const took = (key, value) => {
    held.set(key, value)
    for (const look of waiting) look([key])
  }
  socket.on('set', took)
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject))
  for (const [key, value] of await socket.emitWithAck('join')) took(key, value)
  return {
    put(key, value) {
      held.set(key, value)
      return new Promise((acknowledged) => socket.emit('set', key, value, acknowledged))
    },
    get: (key) => held.get(key),
    entries: () => [...held],
    until: (test) => until(waiting, test),
    close: () => void socket.close(),
  }
}

/** Resolves when `test` holds; it is asked once with null, and after every change with the keys that changed. */
export function until(waiting, test) {
  return new Promise((resolve) => {
    const look = (keys) => {
      if (!test(keys)) return
      waiting.delete(look)
      resolve()
    }
    waiting.add(look)
    look(null)
  })
}
