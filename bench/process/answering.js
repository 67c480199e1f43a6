/**
 * The other end of `ask`: calls the function that a message names, one at a time, and answers with what it
 * resolves to. The process ends when whoever started it goes.
 */
export function answerCalls(calls) {
  process.on('message', async ({ id, call, ...options }) => {
    try {
      process.send({ id, answer: await calls[call](options) })
    } catch (cause) {
      process.send({ id, fault: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) })
    }
  })
  process.on('disconnect', () => process.exit(0))
}
