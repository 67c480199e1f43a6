import type { JsonObject } from '../http/parse-json.js'
import { readRequest } from './read-request.js'

/** What a handler knows of a request beside its input. */
export type OperationContext = Readonly<{
  /** Where the client is, an IP address. */
  address: string
}>

/** An operation as the dispatcher sees it. */
export type Operation = Readonly<{
  /** Whether it is the account's alone; on the others credentials have no effect. */
  signed: boolean
  handle(input: JsonObject, context: OperationContext): Promise<object>
}>

type Handle<T> = (request: T, context: OperationContext) => Promise<object>

/** An operation that only the account may call. */
export const forAccount = <T extends object>(Request: new () => T, handle: Handle<T>): Operation =>
  operation(true, Request, handle)

/** An operation that anybody may call. */
export const forAnybody = <T extends object>(Request: new () => T, handle: Handle<T>): Operation =>
  operation(false, Request, handle)

const operation = <T extends object>(signed: boolean, Request: new () => T, handle: Handle<T>): Operation => ({
  signed,
  handle: async (input, context) => handle(readRequest(Request, input), context),
})
