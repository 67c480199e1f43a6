import type { PlacedGroup } from './entry.js'

/**
 * The groups behind a place, with an empty group at every place between that nobody can read (any more): places are
 * told without a gap, and an empty group changes nothing.
 */
export function fillGaps(after: number, groups: readonly PlacedGroup[], through = 0): PlacedGroup[] {
  const filled: PlacedGroup[] = []
  for (const placed of groups) {
    if (placed.place <= after + filled.length) continue
    while (after + filled.length + 1 < placed.place) filled.push({ place: after + filled.length + 1, group: [] })
    filled.push(placed)
  }
  while (after + filled.length < through) filled.push({ place: after + filled.length + 1, group: [] })
  return filled
}
