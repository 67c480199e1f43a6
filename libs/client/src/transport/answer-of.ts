import { parseWireAnswer, parseWireError, type Parsed, type WireError } from '@satchel/protocol'
import { ConnectionFault } from './transport.js'

/** What an answer says; throws the refusal that it is, or that whoever sent it is no Satchel server. */
export function answerOf<Answer>(sent: unknown, parse: (sent: unknown) => Parsed<Answer>): Answer {
  const found = parseWireAnswer(sent, parse)
  if (!found.ok) throw notSatchel(`an answer whose member "${found.violation.at}" is wrong`)
  if (!found.value.ok) throw refusedBy(found.value.error)
  return found.value.answer
}

/** A message that came unasked, or null for one that is not understood. */
export function messageOf<Message>(sent: unknown, parse: (sent: unknown) => Parsed<Message>): Message | null {
  const found = parse(sent)
  return found.ok ? found.value : null
}

/** The server's own words in what it sent, or null. */
export const wireErrorIn = (sent: unknown): WireError | null => messageOf(sent, parseWireError)

export const refusedBy = (error: WireError): ConnectionFault => new ConnectionFault('refused', error.message, error)

export const notSatchel = (what: string): ConnectionFault =>
  new ConnectionFault('not-satchel', `whoever answers is no Satchel server: ${what}`)
