import { kafkaFaultOf, outcomeOfFault } from './kafka-fault.js'

/** An error as the client library makes it. */
function kafkaError(name: string, message: string, type?: string, cause?: Error): Error {
  return Object.assign(new Error(message, { cause }), { name, ...(type === undefined ? {} : { type }) })
}

const protocol = (type: string) => kafkaError('KafkaJSProtocolError', 'The request failed', type)
const gaveUp = (cause: Error) => kafkaError('KafkaJSNumberOfRetriesExceeded', cause.message, undefined, cause)

test.each([
  ['MESSAGE_TOO_LARGE', 'too-large'],
  ['RECORD_LIST_TOO_LARGE', 'too-large'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'unwritable'],
  ['INVALID_TOPIC_EXCEPTION', 'unwritable'],
  ['TOPIC_AUTHORIZATION_FAILED', 'unwritable'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'unwritable'],
  ['SASL_AUTHENTICATION_FAILED', 'unknown'],
  ['NOT_ENOUGH_REPLICAS', 'unknown'],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'unknown'],
  ['NOT_LEADER_FOR_PARTITION', 'unknown'],
  ['LEADER_NOT_AVAILABLE', 'unknown'],
  ['REQUEST_TIMED_OUT', 'unknown'],
  ['AN_ERROR_OF_LATER_VERSIONS', 'unknown'],
])('[V44] %s is %s, bare or in what the client library gave up with', (type, kind) => {
  for (const thrown of [protocol(type), gaveUp(protocol(type)), gaveUp(gaveUp(protocol(type)))]) {
    expect(outcomeOfFault(thrown)).toMatchObject({ kind })
    expect(kafkaFaultOf(thrown).type).toBe(type)
  }
})

test.each([
  ['a connection', kafkaError('KafkaJSConnectionError', 'Connection error: connect ECONNREFUSED 127.0.0.1:1')],
  ['a time limit', kafkaError('KafkaJSRequestTimeoutError', 'Request Produce timed out')],
  ['a defect', new TypeError('x is not a function')],
  ['no error at all', 'MESSAGE_TOO_LARGE'],
])('[V44] %s leaves it unknown whether anything was written', (_, thrown) => {
  expect(outcomeOfFault(thrown)).toMatchObject({ kind: 'unknown' })
})

test('[V49] a reason is one short line, and quotes only what the client library says itself', () => {
  expect(
    kafkaFaultOf(gaveUp(kafkaError('KafkaJSConnectionError', `refused\n  at x${'y'.repeat(500)}`))).reason,
  ).toMatch(/^KafkaJSConnectionError: refused at xy{100,200}$/)
  expect(kafkaFaultOf(new SyntaxError('Unexpected token "canary"')).reason).toBe('SyntaxError')
})
