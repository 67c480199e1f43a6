import { HeldClock } from '../../runtime/testing/held-clock.js'
import { ProgressLine } from './progress-line.js'

test('[V75] progress is told every two seconds, with how much, of how much, and how fast', () => {
  const clock = new HeldClock()
  const lines: string[] = []
  const progress = new ProgressLine(clock, (line) => lines.push(line))
  for (let messages = 0; messages <= 8_000; messages += 1_000) {
    progress.show({ messages, of: 8_000 })
    clock.advance(500)
  }
  expect(lines).toEqual([
    '4000 of 8000 messages read (50 %), 2000 a second\n',
    '8000 of 8000 messages read (100 %), 2000 a second\n',
  ])
})

test('[V75] a second reading begins anew', () => {
  const clock = new HeldClock()
  const lines: string[] = []
  const progress = new ProgressLine(clock, (line) => lines.push(line))
  clock.advance(2_000)
  progress.show({ messages: 9_000, of: 9_000 })
  progress.show({ messages: 0, of: 10_000 })
  clock.advance(2_000)
  progress.show({ messages: 1_000, of: 10_000 })
  expect(lines.at(-1)).toBe('1000 of 10000 messages read (10 %), 500 a second\n')
})
