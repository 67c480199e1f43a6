import type { Clock } from '../runtime/clock.js'
import { ConnectionFault } from '../transport/transport.js'

/** How long an answer may take; then the connection is given up. */
export const ANSWER_MS_MAX = 15_000

/** The work's outcome, or a fault of kind `timeout`; what the work came to is then unknown, and nobody is told. */
export const withinTime = <T>(clock: Clock, what: string, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const cancel = clock.after(ANSWER_MS_MAX, () =>
      reject(new ConnectionFault('timeout', `${what} was not answered within ${ANSWER_MS_MAX / 1000} s`)),
    )
    work.then(resolve, reject).finally(cancel)
  })
