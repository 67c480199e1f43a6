import type { ClientOptions } from '../api.js'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'
import { FallbackTransport } from './fallback-transport.js'
import { HttpTransport } from './http-transport.js'
import { SocketTransport } from './socket-transport.js'
import type { Transport } from './transport.js'

/** The transport that an app's options name. */
export function transportFor(
  { endpoint, transport }: Pick<ClientOptions, 'endpoint' | 'transport'>,
  { clock, random }: Readonly<{ clock: Clock; random: Random }>,
): Transport {
  const socket = new SocketTransport(endpoint)
  const http = new HttpTransport(endpoint, clock)
  if (transport === 'socket') return socket
  return transport === 'http' ? http : new FallbackTransport({ socket, http, clock, random })
}
