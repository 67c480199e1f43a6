import type { Device } from './device.js'
import { button, element, type Part } from './element.js'
import { PREFERENCES } from './preferences.js'
import { hideUnless, Rows } from './rows.js'

/** Keys listed at most; a dataset may hold a thousand and more. */
const KEYS_MAX = 50

/** Keys of any name, with their values, and a form for one more. */
export function freeKeys(device: Device, id: string): Part {
  const list = element('ul', { class: 'keys', 'aria-label': 'More keys' })
  const more = element('p', { class: 'quiet' })
  const rows = new Rows<Entry>(
    list,
    ([key]) => key,
    ([key]) => row(device, key),
  )
  const refresh = (): void => {
    const entries = device.dataset.entries().filter(([key]) => !PREFERENCES.has(key))
    rows.show(entries.slice(0, KEYS_MAX))
    hideUnless(entries.length > 0, list)
    hideUnless(entries.length > KEYS_MAX, more)
    more.textContent = `and ${(entries.length - KEYS_MAX).toLocaleString('en')} more keys`
  }
  const part = element(
    'section',
    { class: 'free', 'aria-label': 'More keys' },
    element('h4', {}, 'More keys'),
    list,
    more,
    form(device, id),
  )
  return { element: part, refresh }
}

type Entry = readonly [key: string, value: string]

function row(device: Device, key: string) {
  const { dataset } = device
  const input = element('input', { 'aria-label': `Value of ${key}`, autocomplete: 'off', spellcheck: 'false' })
  input.addEventListener('input', () => device.edit(() => dataset.put(key, input.value)))
  const remove = button('Remove', () => device.edit(() => dataset.remove(key)), {
    class: 'plain',
    'aria-label': `Remove ${key}`,
  })
  const line = element('li', { 'data-key': key }, element('span', { class: 'key', title: key }, key), input, remove)
  const show = ([, value]: Entry): void => {
    if (input.value !== value) input.value = value
  }
  return { element: line, show }
}

function form(device: Device, id: string): HTMLElement {
  const plain = { autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' }
  const key = element('input', { id: `${id}-key`, maxlength: '1024', ...plain })
  const value = element('input', { id: `${id}-value`, ...plain })
  const made = element(
    'form',
    { class: 'add', 'aria-label': 'Add a key' },
    element('div', {}, element('label', { for: `${id}-key` }, 'Key'), key),
    element('div', {}, element('label', { for: `${id}-value` }, 'Value'), value),
    element('button', { type: 'submit' }, 'Add'),
  )
  made.addEventListener('submit', (event) => {
    event.preventDefault()
    if (key.value === '') return key.focus()
    device.edit(() => device.dataset.put(key.value, value.value))
    if (device.trouble === null) made.reset()
    key.focus()
  })
  return made
}
