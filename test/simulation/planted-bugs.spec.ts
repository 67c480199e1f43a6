import { jest } from '@jest/globals'
import { PLANTED_BUGS } from './planted-bugs.js'
import { simulate } from './simulate.js'

jest.setTimeout(120_000)

const SEEDS_MAX = 60

describe('the checkers find planted bugs', () => {
  test.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))('%s', async (_, bug) => {
    const found = new Set<string>()
    for (let seed = 1; seed <= SEEDS_MAX; seed++) {
      const run = await simulate(seed, {
        wraps: bug.wraps(),
        ...(bug.adjust === undefined ? {} : { adjust: bug.adjust }),
      })
      for (const { checker } of run.violations) found.add(checker)
      if (bug.caughtBy.some((checker) => found.has(checker))) return
    }
    throw new Error(`not found within ${SEEDS_MAX} seeds by ${bug.caughtBy.join(' or ')}; found: ${[...found].join()}`)
  })
})
