import { io } from 'socket.io-client'
import { answerCalls } from '../process/answering.js'

/** Opens sockets and leaves them alone. */
const sockets = []

answerCalls({
  /** `auths` are taken in turn; `together` connect at a time. */
  async open({ url, auths, count, together }) {
    let opened = 0
    const openOne = () =>
      new Promise((resolve, reject) => {
        const auth = auths[opened++ % auths.length]
        const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth })
        sockets.push(socket)
        socket.once('connect', resolve)
        socket.once('connect_error', (fault) => reject(new Error(`socket ${opened}: ${fault.message}`)))
      })
    const lines = Array.from({ length: together }, async () => {
      while (opened < count) await openOne()
    })
    await Promise.all(lines)
    return sockets.length
  },

  connected: () => sockets.filter(({ connected }) => connected).length,
})
