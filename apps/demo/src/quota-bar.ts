import type { Device } from './device.js'
import { element, say, type Part } from './element.js'
import { bytesInWords } from './words.js'

/** How full the dataset is, in keys or bytes, whichever is nearer to its bound. */
export function quotaBar({ dataset }: Device): Part {
  const level = element('div', { class: 'level' })
  const bar = element(
    'div',
    { class: 'bar', role: 'meter', 'aria-label': 'Quota', 'aria-valuemin': '0', 'aria-valuemax': '100' },
    level,
  )
  const text = element('p', { class: 'quiet' })
  const refresh = (): void => {
    const { records, recordsMax, bytes, bytesMax } = dataset.usage()
    const percent = Math.min(100, 100 * Math.max(records / recordsMax, bytes / bytesMax))
    const words = `${records.toLocaleString('en')} of ${recordsMax.toLocaleString('en')} keys, ${bytesInWords(bytes)} of ${bytesInWords(bytesMax)}`
    level.style.inlineSize = `${percent}%`
    bar.dataset['level'] = percent >= 90 ? 'high' : 'low'
    bar.setAttribute('aria-valuenow', percent.toFixed(0))
    bar.setAttribute('aria-valuetext', words)
    say(text, words)
  }
  return { element: element('div', { class: 'quota' }, bar, text), refresh }
}
