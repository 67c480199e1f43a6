import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'
import { StatementTimes } from './statement-times.js'
import { ThreadProfile } from './thread-profile.js'

/**
 * Loaded into every thread of the server in front of its own code, by `--import`: records, between the messages
 * `start` and `stop`, a CPU profile of each thread and how long its SQL statements took, so that neither start
 * nor preparation is in it.
 */
const CHANNEL = 'satchel-bench-recorder'
const statements = StatementTimes.watch()
const profile = new ThreadProfile()
const channel = new BroadcastChannel(CHANNEL)

if (isMainThread) recordAll()
else recordThisOne()
channel.unref() // or the server could never end by itself

/** The main thread does what the bench asks, and has the other threads do it too. */
function recordAll() {
  const threads = new Set()
  let gather = () => {}
  channel.onmessage = ({ data }) => {
    if (data.hello !== undefined) threads.add(data.hello)
    else gather(data)
  }
  /** Tells every thread; resolves with what they answer. */
  const tell = (call) =>
    new Promise((resolve) => {
      const answers = []
      gather = (answer) => {
        answers.push(answer)
        if (answers.length === threads.size) resolve(answers)
      }
      if (threads.size === 0) resolve(answers)
      channel.postMessage(call)
    })
  process.on('message', async ({ id, call }) => {
    const others = await tell(call)
    process.send({ id, answer: [await perform(call), ...others] })
  })
  process.channel?.unref()
}

function recordThisOne() {
  channel.onmessage = async ({ data: call }) => channel.postMessage(await perform(call))
  channel.postMessage({ hello: threadId })
}

async function perform(call) {
  const thread = isMainThread ? 'main thread' : `thread ${threadId}`
  if (call === 'start') {
    await profile.start()
    statements.clear()
    return { thread }
  }
  return { thread, profile: await profile.stop(), statements: statements.taken() }
}
