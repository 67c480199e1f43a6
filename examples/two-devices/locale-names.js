import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** A locale for each of ten scripts. */
export const LOCALES = ['am', 'ar', 'el', 'hi', 'ja', 'ka', 'ko', 'ru', 'th', 'zh']

/** The names of the world's languages in a locale's own language, from the Unicode CLDR, by language code. */
export function languageNames(locale) {
  const file = require.resolve(`cldr-localenames-modern/main/${locale}/languages.json`)
  const { main } = JSON.parse(readFileSync(file, 'utf8'))
  return new Map(Object.entries(main[locale].localeDisplayNames.languages))
}
