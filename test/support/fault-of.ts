import type { ConnectionFault } from '../../libs/client/src/transport/transport.js'

/** How some work of a transport or of an identity provider failed; rejects where it went well. */
export const faultOf = (work: Promise<unknown>): Promise<ConnectionFault> =>
  work.then(
    () => {
      throw new Error('it went well')
    },
    (fault: unknown) => fault as ConnectionFault,
  )
