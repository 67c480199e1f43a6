import { createServer } from 'node:http'
import { Server } from 'socket.io'

/**
 * What socket.io costs before anything is kept: a room and a map for each identity, all in memory. A key that is set goes to
 * the others in the room and is acknowledged; who joins is given the map.
 */
const [, , port] = process.argv
const http = createServer((_, response) => response.end('ready'))
const server = new Server(http, { transports: ['websocket'], serveClient: false, maxHttpBufferSize: 16 * 1_048_576 })
const mapsByIdentity = new Map()

server.on('connection', (socket) => {
  const { identity } = socket.handshake.auth
  const map = mapsByIdentity.get(identity) ?? new Map()
  mapsByIdentity.set(identity, map)
  void socket.join(identity)
  socket.on('join', (acknowledge) => acknowledge([...map]))
  socket.on('set', (key, value, acknowledge) => {
    map.set(key, value)
    socket.to(identity).emit('set', key, value)
    acknowledge()
  })
})
http.listen(Number(port), '127.0.0.1')
for (const end of ['SIGTERM', 'disconnect']) process.once(end, () => process.exit(0))
