import { io } from 'socket.io-client'
import { answerCalls } from '../process/answering.js'

/** Devices that watch one dataset each and count what they are told of it. */
const sockets = []
const heard = { hints: 0, withRecords: 0 }

answerCalls({
  /** Opens one socket for each entry: at a node's `url`, with a token. */
  async open({ devices, dataset }) {
    for (const { url, token } of devices) {
      const auth = { protocols: [1], token }
      const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, auth })
      sockets.push(socket)
      socket.on('changed', ({ records }) => {
        heard.hints++
        if (records !== null) heard.withRecords++
      })
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject))
      const answer = await socket.emitWithAck('watch', { datasets: [{ dataset, epoch: 0, since: 0 }] })
      if (answer.ok === false || answer.error !== undefined) throw new Error(JSON.stringify(answer))
    }
  },

  heard: () => heard,
})
