/**
 * Faults of variables that look like ours and are not: a misspelt security setting must not pass as the
 * default it was meant to change (SPEC O3).
 */
export function unknownSettings(given: readonly string[], known: readonly string[]): readonly string[] {
  return given
    .filter((name) => /^satchel/i.test(name) && !known.includes(name) && name !== COPY_TO && !SERVICE_LINK.test(name))
    .sort()
    .map((name) => {
      const meant = nearest(name.toUpperCase().replaceAll('-', '_'), known)
      return `${shown(name)} is not a setting${meant === null ? '' : `; did you mean ${meant}?`}`
    })
}

/** Where `npx satchel copy` copies to; a server beside it does not mind. */
export const COPY_TO = 'SATCHEL_COPY_TO'

/** What Kubernetes tells every pod about a Service named `satchel`, apart from SATCHEL_PORT itself. */
const SERVICE_LINK =
  /^SATCHEL(_[A-Z0-9]+)*_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/

/** A misspelling differs in half of its letters at most. */
function nearest(name: string, known: readonly string[]): string | null {
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)
  return best !== undefined && best.distance <= (name.length - PREFIX_LENGTH) / 2 ? best.candidate : null
}

/** Letters inserted, left out or exchanged between two texts (Levenshtein). */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const exchanged = at(previous, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min(exchanged, at(previous, column) + 1, at(current, column - 1) + 1))
    }
    previous = current
  }
  return at(previous, to.length)
}

const at = (numbers: readonly number[], index: number): number => numbers[index] ?? Infinity

const shown = (name: string): string => (/^\w{1,80}$/.test(name) ? name : JSON.stringify(name.slice(0, 80)))

const PREFIX_LENGTH = 'SATCHEL_'.length
