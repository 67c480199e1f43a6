import fc from 'fast-check'
import { Refusal } from '../../refusal.js'
import { JSON_DEPTH_MAX, JSON_VALUES_MAX, member, parseJson, parseJsonObject } from './parse-json.js'

const parse = (text: string) => parseJson(Buffer.from(text, 'utf8'))

/** The text a body is refused with; fails when it is not, or as anything but Serialization. */
function refusalOf(body: string | Buffer): string {
  try {
    parseJson(Buffer.isBuffer(body) ? body : Buffer.from(body, 'utf8'))
  } catch (thrown) {
    if (thrown instanceof Refusal && thrown.code === 'Serialization') return thrown.message
    throw thrown
  }
  throw new Error('the body was accepted')
}

describe('parseJson', () => {
  test('[H2] an empty body reads as an empty object', () => {
    expect(parseJson(Buffer.alloc(0))).toEqual({})
  })

  test('[H1] whatever JSON.stringify writes is read as JSON.parse reads it, spaced in any way', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, noUnicodeString: false }), fc.nat(4), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent)
        expect(parse(text)).toEqual(JSON.parse(text))
        expect(parse(spaced)).toEqual(JSON.parse(text))
      }),
      { seed: 4_680, numRuns: 2_000 },
    )
  })

  test('[H1] any text is refused exactly when JSON.parse refuses it, or for a reason of our own', () => {
    const pieces = ['{', '}', '[', ']', '"', '\\', ',', ':', '1', '-', 'e', '.', 'true', 'null', '"a"', '"a":1', ' ']
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), (chosen) => {
        const text = chosen.join('')
        if (text === '') return
        let expected: unknown
        try {
          expected = JSON.parse(text)
        } catch {
          expect(refusalOf(text)).toMatch(/^the body is/)
          return
        }
        try {
          expect(parse(text)).toEqual(expected)
        } catch (thrown) {
          expect((thrown as Error).message).toMatch(/occurs twice/)
        }
      }),
      { seed: 4_681, numRuns: 20_000 },
    )
  })

  test.each([
    ['nothing but a space', ' '],
    ['an open object', '{"a":1'],
    ['bytes behind the value', '{} {}'],
    ['a trailing comma', '{"a":1,}'],
    ['an open string', '{"a":"'],
    ['a string that ends in a backslash', '{"a":"\\'],
    ['single quotes', "{'a':1}"],
    ['NaN', '{"a":NaN}'],
    ['a control character in a string', '{"a":"\n"}'],
    ['NUL behind the value', '{}\u0000'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le')],
  ])('[H1] refuses %s', (_what, body) => {
    expect(refusalOf(body)).toMatch(/^the body is not valid JSON/)
  })

  test('[H3] refuses bytes that are not UTF-8, and a byte order mark', () => {
    expect(refusalOf(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toBe('the body is not valid UTF-8')
    expect(refusalOf(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toBe('the body is not valid UTF-8')
    expect(refusalOf(Buffer.from('\ufeff{}', 'utf8'))).toBe('the body begins with a byte order mark')
  })

  test(`[H4] reads ${JSON_DEPTH_MAX} levels and refuses one more, however many follow`, () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(parse(nested(JSON_DEPTH_MAX))).toBeInstanceOf(Array)
    expect(refusalOf(nested(JSON_DEPTH_MAX + 1))).toBe('the body is nested deeper than 32 levels, at position 32')
    expect(refusalOf('{"a":'.repeat(100_000))).toMatch(/nested deeper than 32 levels/)
  })

  test('[H4] brackets within strings are no levels', () => {
    expect(parse(JSON.stringify(['['.repeat(1_000), '\\"['.repeat(100)]))).toHaveLength(2)
  })

  test('[H5] reads a number of 64 characters and refuses longer ones', () => {
    expect(parse(`[${'9'.repeat(64)}]`)).toEqual([Number('9'.repeat(64))])
    expect(refusalOf(`[1,${'9'.repeat(65)}]`)).toBe('a number is longer than 64 characters, at position 3')
    expect(refusalOf(`{"a":-${'1'.repeat(1_000_000)}}`)).toMatch(/a number is longer than 64 characters/)
    expect(refusalOf(`[1e${'0'.repeat(100)}]`)).toMatch(/a number is longer than 64 characters/)
  })

  test('[H4] refuses more values than any request needs', () => {
    expect(refusalOf(`[${'{},'.repeat(JSON_VALUES_MAX)}1]`)).toMatch(/the body holds more than 250000 values/)
  })

  test('[H6] refuses a name that occurs twice in one object, and says which', () => {
    expect(refusalOf('{"a":1,"b":{"c":1, "c" :2}}')).toBe('the member "c" occurs twice in one object, at position 19')
    expect(refusalOf('{"a":1,"\\u0061":2}')).toBe('the member "a" occurs twice in one object, at position 7')
    expect(refusalOf('[{"x":"a"},{"x":":","y":[],"x":{}}]')).toMatch(/^the member "x" occurs twice/)
    expect(refusalOf('{"__proto__":1,"__proto__":2}')).toMatch(/^the member "__proto__" occurs twice/)
    expect(refusalOf(`{"${'k'.repeat(5_000)}":1,"${'k'.repeat(5_000)}":1}`).length).toBeLessThan(150)
  })

  test('[H6] equal names in different objects, and equal strings that are no names, are fine', () => {
    expect(parse('[{"a":"a"},{"a":["a","a",{"a":":"}]}]')).toEqual([{ a: 'a' }, { a: ['a', 'a', { a: ':' }] }])
  })

  test('[H6] duplicates are found wherever they are, and nowhere else', () => {
    const name = fc.constantFrom('a', 'b', 'a\\"', '\\\\', ':', '{', 'constructor', '__proto__')
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), fc.nat(3), (names, depth) => {
        const object = `{${names.map((each) => `"${each}":":"`).join(',')}}`
        const text = `${'{"x":['.repeat(depth)}${object}${']}'.repeat(depth)}`
        const isTwice = new Set(names).size < names.length
        if (isTwice) expect(refusalOf(text)).toMatch(/occurs twice/)
        else expect(parse(text)).toEqual(JSON.parse(text))
      }),
      { seed: 4_682, numRuns: 2_000 },
    )
  })

  test('[H1] __proto__ and constructor are names like any other and reach nothing', () => {
    const value = parseJsonObject(
      Buffer.from('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
    )
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(member(value, 'polluted')).toBeUndefined()
    expect(member(value, '__proto__')).toEqual({ polluted: 1 })
    expect(member({}, 'constructor')).toBeUndefined()
    expect(member({}, '__proto__')).toBeUndefined()
  })

  test('[H1] null and absence are alike, and only objects are objects', () => {
    expect(member({ a: null }, 'a')).toBeUndefined()
    for (const text of ['[]', '1', 'null', '"{}"']) {
      expect(() => parseJsonObject(Buffer.from(text))).toThrow('the body must be a JSON object')
    }
  })

  test('[H1] messages never repeat what was sent', () => {
    expect(refusalOf('{"secret":hunter2}')).not.toMatch(/hunter2/)
    expect(refusalOf('hunter2')).not.toMatch(/hunter2/)
  })
})
