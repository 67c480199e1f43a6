import { faultInText } from './text.js'

/**
 * The constraints of AWS shapes as functions from a value to the words of its first fault, or null.
 * Length is judged before pattern, so a pattern never runs over an unbounded text.
 */
export type TextBounds = Readonly<{ min?: number; max?: number; pattern?: RegExp }>

export const NOT_NULL = 'Member must not be null'

/** Judges a text: type, length in characters, pattern, and what no layer may carry (SPEC T1). */
export function faultInTextMember(value: unknown, { min = 0, max, pattern }: TextBounds): string | null {
  if (value === undefined || value === null) return NOT_NULL
  if (typeof value !== 'string') return 'Member must be a string'
  if (value.length < min) return `Member must have length greater than or equal to ${min}`
  if (max !== undefined && value.length > max) return `Member must have length less than or equal to ${max}`
  if (pattern !== undefined && !pattern.test(value)) {
    return `Member must satisfy regular expression pattern: ${shownPattern(pattern)}`
  }
  return faultInText(value)
}

/** Judges a whole number between bounds, both included. */
export function faultInIntegerMember(
  value: unknown,
  { min, max }: Readonly<{ min: number; max: number }>,
): string | null {
  if (value === undefined || value === null) return NOT_NULL
  if (typeof value !== 'number' || !Number.isInteger(value)) return 'Member must be an integer'
  if (value < min) return `Member must have value greater than or equal to ${min}`
  if (value > max) return `Member must have value less than or equal to ${max}`
  return null
}

/** AWS prints its patterns without the anchors that they have in practice. */
const shownPattern = (pattern: RegExp): string => pattern.source.replace(/^\^/, '').replace(/\$$/, '')
