import type { SyncAnswer, SyncRequest } from '@satchel/protocol'
import type { Connection, Transport } from '../../libs/client/src/transport/transport.js'

/** A transport whose `sync` somebody stands in front of. */
export const onSync = (
  transport: Transport,
  change: (request: SyncRequest, ask: (request: SyncRequest) => Promise<SyncAnswer>) => Promise<SyncAnswer>,
): Transport => ({
  connect: async (token, listener): Promise<Connection> => {
    const connection = await transport.connect(token, listener)
    return {
      hello: connection.hello,
      sync: (request) => change(request, (asked) => connection.sync(asked)),
      watch: (request) => connection.watch(request),
      renew: (renewed) => connection.renew(renewed),
      close: () => connection.close(),
    }
  },
})
