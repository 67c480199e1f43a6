import { createRequire } from 'node:module'

/** The version of this server, as its package has it. */
export const { version: VERSION } = createRequire(import.meta.url)('../package.json') as { version: string }

/** Below 0 where the first version is the older one. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [numbersOf(one), numbersOf(other)]
  const at = left.findIndex((number, place) => number !== right[place])
  return at === -1 ? 0 : left[at]! - right[at]!
}

/** A minor version is of the numbers before the last. */
function numbersOf(version: string): readonly [number, number, number] {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  if (patch === undefined) throw new Error(`${JSON.stringify(version)} is no version`)
  return [Number(major), Number(minor), Number(patch)]
}
