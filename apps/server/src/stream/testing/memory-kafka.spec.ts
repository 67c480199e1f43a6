import { HeldClock } from '../../runtime/testing/held-clock.js'
import { publisherContract } from '../publisher.contract.js'
import { MemoryKafka } from './memory-kafka.js'

describe('the model of a broker', () => {
  publisherContract(() => {
    const kafka = new MemoryKafka(new HeldClock())
    return Promise.resolve({
      open: kafka.open,
      topics: kafka,
      createTopic: (name, facts) => Promise.resolve(kafka.create(name, facts)),
      read: (topic) => Promise.resolve(kafka.messages(topic)),
      close: () => Promise.resolve(),
    })
  })
})
