import type { ValidationError } from 'class-validator'
import { NOT_NULL, violated, type Violation } from '@satchel/protocol'
import { refuseViolations } from '../../refusal.js'
import { getMetadataStorage, registerDecorator, Validator } from '../../validator.js'
import { member, type JsonObject, type JsonValue } from '../http/parse-json.js'
import { memberPath, type Check } from './checks.js'

/** A member that has to be there. */
export const Required = (check: Check): PropertyDecorator =>
  judgedBy((value, at) => (value === null ? absent(at) : check(value, at)))

/** A member that may be left out; null is as good as left out. */
export const Optional = (check: Check): PropertyDecorator =>
  judgedBy((value, at) => (value === null ? null : check(value, at)))

/**
 * Reads the declared members of a request and refuses it, naming each faulty member and its limit (SPEC I1).
 * Members that are not declared are ignored; those that are come through as they were sent.
 */
export function readRequest<T extends object>(Request: new () => T, sent: JsonObject): T {
  const request = new Request()
  for (const name of membersOf(Request)) {
    const value = member(sent, name)
    if (value !== undefined) Object.defineProperty(request, name, { value, enumerable: true })
  }
  const violations = new Validator().validateSync(request, { stopAtFirstError: true }).flatMap(violationsOf)
  if (violations.length > 0) refuseViolations('Validation', violations)
  return request
}

/** The entries of a map whose keys users choose; never a property of anything again. */
export const mapFrom = <T>(sent: Readonly<Record<string, T>> | undefined): ReadonlyMap<string, T> =>
  new Map(Object.entries(sent ?? {}))

const CONSTRAINT = 'satchel'

/** The check travels in the decorator's context, since class-validator itself carries no more than one text. */
function judgedBy(check: Check): PropertyDecorator {
  return (target, propertyName) => {
    registerDecorator({
      name: CONSTRAINT,
      target: target.constructor,
      propertyName: String(propertyName),
      options: { context: { check } },
      validator: {
        validate: (value: JsonValue | undefined) => check(value ?? null, '') === null,
        defaultMessage: () => 'the check in the context says why',
      },
    })
  }
}

function violationsOf({ property, value, contexts }: ValidationError): readonly Violation[] {
  const context = contexts?.[CONSTRAINT] as Readonly<{ check: Check }> | undefined
  const violation = context?.check((value as JsonValue | undefined) ?? null, memberPath(property)) ?? null
  if (violation === null) throw new Error(`the member ${property} was refused without a violation`)
  return [violation]
}

function absent(at: string): Violation | null {
  const outcome = violated(at, null, NOT_NULL)
  return outcome.ok ? null : outcome.violation
}

const membersByRequest = new WeakMap<object, readonly string[]>()

function membersOf(Request: new () => object): readonly string[] {
  const known = membersByRequest.get(Request)
  if (known !== undefined) return known
  const found = getMetadataStorage().getTargetValidationMetadatas(Request, '', false, false)
  const members = found.map(({ propertyName }) => propertyName)
  membersByRequest.set(Request, members)
  return members
}
