/**
 * Why a member of a message was refused, in the words AWS services use, so that people who know them find
 * their way: `Value 'x' at 'datasetName' failed to satisfy constraint: Member must …`.
 */
export type Violation = Readonly<{
  /** The member, lowerCamelCase, with list positions from 1: `recordPatches.3.member.key`. */
  at: string
  /** What was sent, as text; absent when showing it helps nobody (nothing sent, or too long). */
  value?: string | undefined
  constraint: string
}>

/** A parsed value, or the reason why there is none. */
export type Parsed<T> = Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; violation: Violation }>

const SHOWN_LENGTH_MAX = 100

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value })

/** Refuses a member; long values are cut so that a message never echoes a megabyte. */
export function violated(at: string, sent: unknown, constraint: string): Parsed<never> {
  return { ok: false, violation: { at, value: shown(sent), constraint } }
}

/** One sentence for any number of violations, as AWS words them. */
export function violationMessage(violations: readonly Violation[]): string {
  const count = violations.length
  const listed = violations.map(
    ({ at, value, constraint }) =>
      `Value ${value === undefined ? '' : `'${value}' `}at '${at}' failed to satisfy constraint: ${constraint}`,
  )
  return `${count} validation error${count === 1 ? '' : 's'} detected: ${listed.join('; ')}`
}

function shown(sent: unknown): string | undefined {
  if (sent === undefined || sent === null) return 'null'
  if (typeof sent !== 'string' && typeof sent !== 'number' && typeof sent !== 'boolean') return undefined
  const text = String(sent)
  if (text.length <= SHOWN_LENGTH_MAX) return text.toWellFormed()
  return `${text.slice(0, SHOWN_LENGTH_MAX).toWellFormed()}…`
}
