import type { Group, PlacedGroup } from '../../journal/entry.js'

/** What the frames of the file `journal` say; the head comes first. */
export type Head = Readonly<{ format: number; term: number; through: number }>
export type Line = Head | Readonly<{ term: number }> | readonly [place: number, group: Group]

/** What the lines of a journal come to: the last term that was begun, and the groups in order. */
export function readLines(texts: readonly string[]): { head: Head | null; term: number; groups: PlacedGroup[] } {
  const lines = texts.map((text) => JSON.parse(text) as Line)
  const groups: PlacedGroup[] = []
  let head: Head | null = null
  let term = 0
  for (const [at, line] of lines.entries()) {
    if (isGroup(line)) groups.push({ place: line[0], group: line[1] })
    else {
      if (at === 0 && 'format' in line) head = line
      term = Math.max(term, line.term)
    }
  }
  return { head, term, groups }
}

const isGroup = (line: Line): line is readonly [number, Group] => Array.isArray(line)
