import type { Device } from './device.js'
import { button, element, say, type Part } from './element.js'
import { GREETINGS } from './greetings.js'

const THEMES: readonly (readonly [value: string, text: string])[] = [
  ['system', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

/** Keys that have a control of their own. */
export const PREFERENCES: ReadonlySet<string> = new Set(['theme', 'language', 'counter', 'notes'])

/** The little app: four preferences with controls of their own, which it follows at once. */
export function preferences(device: Device, id: string): Part {
  const { dataset } = device
  const parts = [greeting(device), themes(device, id), languages(device, id), counter(device, id), notes(device, id)]
  const app = element('div', { class: 'app' }, ...parts.map((part) => part.element))
  const refresh = (): void => {
    app.dataset['theme'] = dataset.get('theme') ?? 'system'
    for (const part of parts) part.refresh()
  }
  return { element: app, refresh }
}

function greeting({ dataset }: Device): Part {
  const line = element('p', { class: 'greeting' })
  const refresh = (): void => {
    const language = dataset.get('language') ?? 'en'
    const known = GREETINGS.get(language) ?? GREETINGS.get('en')!
    line.lang = language
    line.dir = known.direction
    say(line, known.greeting)
  }
  return { element: line, refresh }
}

function themes(device: Device, id: string): Part {
  const inputs = THEMES.map(([value]) => {
    const input = element('input', { type: 'radio', name: `${id}-theme`, value })
    input.addEventListener('change', () => device.edit(() => device.dataset.put('theme', value)))
    return input
  })
  const choices = THEMES.map(([, text], index) => element('label', {}, inputs[index]!, element('span', {}, text)))
  const group = element(
    'fieldset',
    { class: 'field themes' },
    element('legend', {}, 'Theme'),
    element('div', { class: 'segments' }, ...choices),
  )
  const refresh = (): void => {
    const chosen = device.dataset.get('theme') ?? 'system'
    for (const input of inputs) input.checked = input.value === chosen
  }
  return { element: group, refresh }
}

function languages(device: Device, id: string): Part {
  const select = element('select', { id: `${id}-language` })
  for (const [value, { name }] of GREETINGS) select.append(element('option', { value, lang: value }, name))
  select.addEventListener('change', () => device.edit(() => device.dataset.put('language', select.value)))
  const refresh = (): void => {
    select.value = device.dataset.get('language') ?? 'en'
  }
  return { element: field(id, 'language', 'Language', select), refresh }
}

function counter(device: Device, id: string): Part {
  const { dataset } = device
  const shown = element('output', { id: `${id}-counter` })
  const count = (): number => Number.parseInt(dataset.get('counter') ?? '0', 10) || 0
  const add = (step: number) => () => device.edit(() => dataset.put('counter', String(count() + step)))
  const stepper = element(
    'div',
    { class: 'stepper' },
    button('−', add(-1), { 'aria-label': 'One less' }),
    shown,
    button('+', add(1), { 'aria-label': 'One more' }),
  )
  return { element: field(id, 'counter', 'Counter', stepper), refresh: () => say(shown, String(count())) }
}

function notes(device: Device, id: string): Part {
  const { dataset } = device
  const area = element('textarea', { id: `${id}-notes`, rows: '3', placeholder: 'Saved with every letter' })
  area.addEventListener('input', () => device.edit(() => dataset.put('notes', area.value)))
  const refresh = (): void => {
    const value = dataset.get('notes') ?? ''
    if (area.value === value) return
    // What comes from elsewhere must not throw the caret of somebody who writes to the end.
    const { selectionStart, selectionEnd } = area
    area.value = value
    if (document.activeElement === area) area.setSelectionRange(selectionStart, selectionEnd)
  }
  return { element: field(id, 'notes', 'Notes', area), refresh }
}

const field = (id: string, name: string, text: string, control: HTMLElement): HTMLElement =>
  element('div', { class: `field ${name}` }, element('label', { for: `${id}-${name}` }, text), control)
