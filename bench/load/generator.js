import { answerCalls } from '../process/answering.js'
import { Devices } from './devices.js'
import { drive } from './drive.js'

/**
 * The load generator, a process of its own. Requests are prepared under a name and sent when asked; sending is all
 * that is measured.
 */
const devicesByPort = new Map()
const prepared = new Map()

answerCalls({
  async enter({ port, pool, identities }) {
    const devices = devicesByPort.get(port) ?? new Devices({ port, pool })
    devicesByPort.set(port, devices)
    await devices.enter(identities)
  },
  async prepareUpdates({ name, port, ...round }) {
    prepared.set(name, await devicesByPort.get(port).updates(round))
  },
  prepareEmptyListings({ name, port, ...options }) {
    prepared.set(name, devicesByPort.get(port).emptyListings(options))
  },
  prepareListings({ name, port, ...options }) {
    prepared.set(name, devicesByPort.get(port).listings(options))
  },
  /** The bodies of prepared requests, posted to `/` with no more headers than HTTP needs. */
  prepareBodies({ name, from, port }) {
    prepared.set(
      name,
      prepared.get(from).map((requests) => requests.map((request) => bareRequest(request, port))),
    )
  },
  send: ({ name, port }) => drive(port, prepared.get(name)),
  async sendAndRead({ name, port }) {
    const bodies = []
    await drive(port, prepared.get(name), (_connection, _at, body) => bodies.push(body()))
    return bodies
  },
  forget: ({ name }) => void prepared.delete(name),
})

function bareRequest(request, port) {
  const body = request.subarray(request.indexOf('\r\n\r\n') + 4)
  const head = `POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), body])
}
