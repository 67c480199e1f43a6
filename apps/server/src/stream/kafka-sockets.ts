import type { ISocketFactory } from 'kafkajs'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectByTls } from 'node:tls'

const KEEP_ALIVE_MS = 60_000

/**
 * Opens the sockets of one client of Kafka, so that they can be ended: the library's own way to end waits for what is under way, and opens new
 * ones while it gives up.
 */
export class KafkaSockets {
  private readonly sockets = new Set<Socket>()
  private ended = false

  /** Throws once the sockets were ended. */
  readonly open: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (this.ended) throw new Error('the connection to Kafka was given up')
    const socket = isGiven(ssl)
      ? connectByTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
      : connect({ host, port }, onConnect)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    this.sockets.add(socket)
    socket.once('close', () => this.sockets.delete(socket))
    return socket
  }

  /** At once and for good; whoever waits for an answer on one of them gets an error. */
  end(): void {
    this.ended = true
    for (const socket of this.sockets) socket.destroy(new Error('given up'))
  }
}

/** The library's types promise TLS options in any case; without TLS there are none. */
const isGiven = <T>(options: T | null | undefined): options is T => options !== null && options !== undefined
