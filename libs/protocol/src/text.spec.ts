import fc from 'fast-check'
import { byCodePoint, byteSize, faultInText, sortedByCodePoint } from './text.js'

const text = fc.string({ unit: 'binary' })

test('[L5] the size of a text is its bytes as UTF-8', () => {
  fc.assert(
    fc.property(text, (sample) => byteSize(sample) === Buffer.byteLength(sample, 'utf8')),
    { seed: 1 },
  )
})

test('[T2] texts are ordered by code point, as their UTF-8 bytes are', () => {
  const sign = (n: number) => Math.sign(n)
  fc.assert(
    fc.property(text, text, (a, b) => sign(byCodePoint(a, b)) === sign(Buffer.compare(Buffer.from(a), Buffer.from(b)))),
    { seed: 2, numRuns: 2_000 },
  )
  expect(['\uffee', '😀', 'z'].sort(byCodePoint)).toEqual(['z', '\uffee', '😀'])
})

test('[T2] a list of texts is sorted in that order, whatever is in it', () => {
  const high = fc.constantFrom('\ud7ff', '\ue000', '\uffee', '😀', '😀a')
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), high, text)), (texts) => {
      expect(sortedByCodePoint(new Set(texts))).toEqual([...new Set(texts)].sort(byCodePoint))
    }),
    { seed: 3, numRuns: 500 },
  )
})

test.each([
  ['NUL', 'a\u0000b'],
  ['a lone high surrogate', 'a\ud800'],
  ['a lone low surrogate', '\udc00a'],
  ['surrogates in the wrong order', '\udc00\ud800'],
])('[T3] %s is refused', (_, sample) => {
  expect(faultInText(sample)).not.toBeNull()
})

test('[T1] any other text is taken as it is', () => {
  for (const sample of ['', 'é', 'e\u0301', '😀', '\u0001', '\uffff', '__proto__'])
    expect(faultInText(sample)).toBeNull()
})
