/** What is said of a text that is no URL, where one with a login belongs: mostly its password is not escaped. */
export const NO_LOGIN_URL =
  'is not a URL; what stands for itself in a password is written as %40 for @, %2F for /, %25 for %'

/** What is wrong with how parts of such a URL are escaped; null when nothing is. */
export const escapeFault = (...parts: readonly string[]): string | null =>
  parts.every(isEscaped) ? null : 'has a % that begins no escape; write %25 for it'

function isEscaped(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
