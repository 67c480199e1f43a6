import type { KafkaConfig } from '../config/kafka-config.js'
import { clientOptions, KafkaConnections } from './kafka-connection.js'

const CONFIG: KafkaConfig = {
  brokers: ['a:1', 'b:2', 'c:3'],
  tls: null,
  sasl: { mechanism: 'scram-sha-256', username: 'app', password: 'secret' },
  clientId: 'satchel',
  topicPrefix: '',
}

test('[V45] each connection begins with the broker after the one before, and knows them all', () => {
  const connections = new KafkaConnections(CONFIG, () => undefined)
  expect(Array.from({ length: 4 }, () => connections.next(1).brokers)).toEqual([
    ['a:1', 'b:2', 'c:3'],
    ['b:2', 'c:3', 'a:1'],
    ['c:3', 'a:1', 'b:2'],
    ['a:1', 'b:2', 'c:3'],
  ])
})

test('[V48] TLS is asked for where it is set, by the authority that was named or by the known ones', () => {
  expect(clientOptions(CONFIG)).not.toHaveProperty('ssl')
  expect(clientOptions({ ...CONFIG, tls: { ca: null } }).ssl).toEqual({})
  expect(clientOptions({ ...CONFIG, tls: { ca: 'PEM' } }).ssl).toEqual({ ca: ['PEM'] })
})

test('[V48] every client gets a login of its own, since the client library writes into it', () => {
  const login = clientOptions(CONFIG).sasl!
  expect(login).toEqual(CONFIG.sasl)
  expect(login).not.toBe(CONFIG.sasl)
})
