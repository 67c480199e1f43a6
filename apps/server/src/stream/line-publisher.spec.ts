import { HeldClock } from '../runtime/testing/held-clock.js'
import { LinePublisher } from './line-publisher.js'
import type { PublishOutcome } from './publisher.js'
import { RELAY_BOUNDS } from './relay-bounds.js'

/** Publishers that a test answers for, and what became of them. */
function aLinePublisher(publish: () => Promise<PublishOutcome>) {
  const clock = new HeldClock()
  const seen: string[] = []
  const defects: unknown[] = []
  let opened = 0
  const openPublisher = () => {
    const name = ++opened
    return {
      publish: (topic: string) => {
        seen.push(`${name} sends to ${topic}`)
        return publish()
      },
      close: () => void seen.push(`${name} closed`),
    }
  }
  const observer = { defect: (cause: unknown) => defects.push(cause) }
  const publisher = new LinePublisher({ openPublisher, clock, bounds: RELAY_BOUNDS, observer })
  return { publisher, clock, seen, defects }
}

test('[V22] it is opened with the first send and kept, and what comes after it was given up goes out by a fresh one', async () => {
  const { publisher, seen } = aLinePublisher(() => Promise.resolve({ kind: 'acknowledged' }))
  publisher.giveUp()
  expect(seen).toEqual([])
  for (const topic of ['a', 'b']) expect(await publisher.publish(topic, [])).toEqual({ kind: 'acknowledged' })
  publisher.giveUp()
  publisher.giveUp()
  await publisher.publish('c', [])
  expect(seen).toEqual(['1 sends to a', '1 sends to b', '1 closed', '2 sends to c'])
})

test('[V22] a send that is not answered in time is unknown', async () => {
  const { publisher, clock } = aLinePublisher(() => new Promise(() => {}))
  let outcome: PublishOutcome | null = null
  const sent = publisher.publish('a', []).then((answer) => (outcome = answer))
  clock.advance(RELAY_BOUNDS.sendMsMax - 1)
  await new Promise(setImmediate)
  expect(outcome).toBeNull()
  clock.advance(1)
  expect(await sent).toEqual({ kind: 'unknown', reason: 'no answer within 6000 ms' })
})

test('[V22] a publisher that fails is a defect, and its send unknown', async () => {
  const fault = new Error('a defect of the client library')
  const { publisher, defects } = aLinePublisher(() => Promise.reject(fault))
  expect(await publisher.publish('a', [])).toEqual({ kind: 'unknown', reason: 'the publisher failed' })
  expect(defects).toEqual([fault])
})
