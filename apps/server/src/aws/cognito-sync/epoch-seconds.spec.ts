import fc from 'fast-check'
import { epochMilliseconds, epochSeconds } from './epoch-seconds.js'

test('[H13] every millisecond survives being written as seconds and read again', () => {
  fc.assert(
    fc.property(fc.integer({ min: -8_640_000_000_000, max: 8_640_000_000_000 }), (ms) => {
      expect(epochMilliseconds(JSON.parse(JSON.stringify(epochSeconds(ms))))).toBe(ms)
    }),
    { seed: 4_683 },
  )
})

test('[H13] texts in ISO 8601 are times, others are left for the parser to refuse', () => {
  expect(epochMilliseconds('2014-10-10T20:47:37Z')).toBe(Date.UTC(2014, 9, 10, 20, 47, 37))
  expect(epochMilliseconds('2014-10-10T20:47:37.151+02:00')).toBe(Date.UTC(2014, 9, 10, 18, 47, 37, 151))
  expect(epochMilliseconds('2014-13-40T20:47:37Z')).toBeNaN()
  for (const sent of ['yesterday', '', '10/10/2014', true, undefined]) expect(epochMilliseconds(sent)).toBe(sent)
})
