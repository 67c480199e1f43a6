/**
 * Text is stored as sent, without normalisation (SPEC T1). What some layer could not give back
 * unchanged is refused everywhere alike: NUL (PostgreSQL cannot hold it) and lone surrogates (UTF-8
 * cannot spell them, so two different keys would collide).
 */
export function faultInText(text: string): string | null {
  if (text.includes('\u0000')) return 'Member must not contain the character U+0000'
  if (!text.isWellFormed()) return 'Member must be well-formed Unicode, without lone surrogates'
  return null
}

const ASCII = /^[^\u0080-\uffff]*$/

/** Bytes of a text as UTF-8; the unit of every size limit (SPEC L5). Text must be well-formed. */
export function byteSize(text: string): number {
  // Most text is, and asking that of all of it at once takes half the time of looking at each unit.
  if (ASCII.test(text)) return text.length
  let bytes = text.length
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) continue
    // A surrogate pair is two units and four bytes, so each half counts two.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2
  }
  return bytes
}

/**
 * Orders texts by code point, as SQLite's BINARY and PostgreSQL's "C" do (SPEC T2). JavaScript's `<` orders
 * by UTF-16 unit and puts astral characters before U+E000–U+FFFF.
 */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left === right) continue
    const leftIsAstral = left >= 0xd800 && left <= 0xdfff
    const rightIsAstral = right >= 0xd800 && right <= 0xdfff
    if (leftIsAstral === rightIsAstral) return left - right
    return leftIsAstral ? 1 : -1
  }
  return a.length - b.length
}

/** Where code points and units of UTF-16 are ordered differently, one of these is involved. */
const HIGH = /[\ud800-\uffff]/

/** Texts in the order of {@link byCodePoint}, in a new list. */
export function sortedByCodePoint<Text extends string>(texts: Iterable<Text>): Text[] {
  const sorted = [...texts]
  // The engine's own order by unit is many times faster, above all in code that has just been loaded.
  return sorted.some((text) => HIGH.test(text)) ? sorted.sort(byCodePoint) : sorted.sort()
}
