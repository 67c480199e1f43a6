/**
 * Lists as PostgreSQL reads arrays from text. `pg` makes them from lists as well, item by item and each of them quoted, which is most of what a large
 * commit costs this side.
 */

const SPECIAL = /["\\]/
const ALL_SPECIAL = /["\\]/g

export const numberArray = (values: readonly number[]): string => `{${values.join(',')}}`

/** Null stays null. */
export const sparseNumberArray = (values: readonly (number | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`

export const booleanArray = (values: readonly boolean[]): string => `{${values.join(',')}}`

/** Null stays null. */
export const textArray = (values: readonly (string | null)[]): string => `{${values.map(quoted).join(',')}}`

function quoted(value: string | null): string {
  if (value === null) return 'NULL'
  return SPECIAL.test(value) ? `"${value.replace(ALL_SPECIAL, '\\$&')}"` : `"${value}"`
}
