import { spread } from './statistics.js'

/**
 * One line of the table.
 *
 * @typedef {Readonly<{
 *   name: string
 *   title: string
 *   unit: string
 *   value: number
 *   min: number
 *   max: number
 *   rounds: readonly number[]
 *   goal: Readonly<{ kind: 'at-least' | 'at-most', value: number }> | null
 *   met: boolean | null
 *   missedBy: number | null
 *   notes: readonly string[]
 *   figures: Readonly<Record<string, number>> what docs are written from, by name
 * }>} Result
 */

/** A figure with what it has to reach: the median of its rounds is what counts. `goal` null: told for comparison. */
export function result({ name, title, unit, rounds, goal = null, notes = [], figures = {} }) {
  const { median: value, min, max } = spread(rounds)
  const met = goal === null ? null : goal.kind === 'at-least' ? value >= goal.value : value <= goal.value
  const missedBy = met === false ? Math.abs(value - goal.value) / goal.value : null
  return { name, title, unit, value, min, max, rounds, goal, met, missedBy, notes, figures }
}

export const atLeast = (value) => ({ kind: 'at-least', value })
export const atMost = (value) => ({ kind: 'at-most', value })
