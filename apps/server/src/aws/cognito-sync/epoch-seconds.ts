/** A time as the API writes it: seconds since the epoch, milliseconds as their fraction. */
export const epochSeconds = (ms: number): number => ms / 1_000

/**
 * A time as clients send it, in epoch milliseconds: seconds as a number, whole or with a fraction, or, from some, an ISO
 * 8601 text. Anything else comes back as it is, for the parser of the batch to refuse.
 */
export function epochMilliseconds(sent: unknown): unknown {
  if (typeof sent === 'number') return Math.round(sent * 1_000)
  if (typeof sent === 'string' && ISO_TIME.test(sent)) return Date.parse(sent)
  return sent
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/
