import fc from 'fast-check'
import { Keyring } from './keyring.js'
import { Seal } from './seal.js'

const seal = new Seal(new Keyring([Buffer.alloc(32, 1)]))

test('[S1] what was sealed opens for the same purpose, context and key, and for no other', () => {
  const closed = seal.close('page', ['pool', 'identity'], 'text')
  expect(seal.open('page', ['pool', 'identity'], closed)).toBe('text')
  expect(seal.open('credentials', ['pool', 'identity'], closed)).toBeNull()
  expect(seal.open('page', ['pool', 'other'], closed)).toBeNull()
  expect(new Seal(new Keyring([Buffer.alloc(32, 2)])).open('page', ['pool', 'identity'], closed)).toBeNull()
})

test('[S1] the parts of a context cannot flow into each other', () => {
  expect(seal.open('page', ['a', 'bc'], seal.close('page', ['ab', 'c'], 'text'))).toBeNull()
  expect(seal.open('page', ['a,1:b'], seal.close('page', ['a', 'b'], 'text'))).toBeNull()
  expect(seal.open('page', [], seal.close('page', [''], 'text'))).toBeNull()
})

test('[S1] any text opens as it was, and no other text opens at all', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, made) => {
      expect(seal.open('page', ['c'], seal.close('page', ['c'], text))).toBe(text)
      expect(seal.open('page', ['c'], made)).toBeNull()
    }),
    { seed: 3 },
  )
})

test('[S1] a character that shares its low byte with the right one does not open a text', () => {
  const closed = seal.close('page', ['c'], 'text')
  const lookalike = closed.slice(0, 5) + String.fromCharCode(closed.charCodeAt(5) + 0x100) + closed.slice(6)
  expect(seal.open('page', ['c'], lookalike)).toBeNull()
})
