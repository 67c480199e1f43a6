import { isTopicName, topicOf } from './topic-name.js'

test('[V51] a topic is the prefix and the name of the stream', () => {
  expect(topicOf('satchel.', 'changes')).toBe('satchel.changes')
  expect(topicOf('', 'changes')).toBe('changes')
})

test.each(['a', 'Changes-1_x.y', '...', 'x'.repeat(249)])('[V51] Kafka takes the name %j', (name) => {
  expect(isTopicName(name)).toBe(true)
})

test.each(['', '.', '..', 'a b', 'ä', 'a/b', 'a:b', 'a\n', 'x'.repeat(250)])('[V51] Kafka takes no name %j', (name) => {
  expect(isTopicName(name)).toBe(false)
})
