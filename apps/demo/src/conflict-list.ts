import type { Conflict } from '@satchel/client'
import type { Device } from './device.js'
import { button, element, say, type Part } from './element.js'
import { hideUnless, Rows } from './rows.js'
import { quoted } from './words.js'

/** Keys that were changed here and elsewhere, both values, and the choice between them. */
export function conflictList(device: Device): Part {
  const list = element('ul', { 'aria-label': 'Conflicts' })
  const rows = new Rows<Conflict>(
    list,
    ({ key }) => key,
    (conflict) => row(device, conflict),
  )
  const part = element(
    'section',
    { class: 'notice conflicts', role: 'group', 'aria-label': 'Conflicts' },
    element('h4', {}, 'Changed here and elsewhere'),
    list,
  )
  const refresh = (): void => {
    const conflicts = device.dataset.conflicts()
    rows.show(conflicts)
    hideUnless(conflicts.length > 0, part)
  }
  return { element: part, refresh }
}

function row(device: Device, { key }: Conflict) {
  const here = element('span', { class: 'side' })
  const there = element('span', { class: 'side' })
  let shown: Conflict | null = null
  const choose = (choice: 'local' | 'remote') => () => {
    const conflict = shown
    if (conflict !== null) device.edit(() => conflict.resolve(choice))
  }
  const line = element(
    'li',
    { 'data-key': key },
    element('p', { class: 'key' }, key),
    element('div', { class: 'choice' }, element('span', { class: 'label' }, 'Here'), here, keep()),
    element('div', { class: 'choice' }, element('span', { class: 'label' }, 'Elsewhere'), there, take()),
  )
  function keep() {
    return button('Keep', choose('local'), { 'aria-label': `Keep ${key} as it is here` })
  }
  function take() {
    return button('Take', choose('remote'), { 'aria-label': `Take ${key} from elsewhere` })
  }
  const show = (conflict: Conflict): void => {
    shown = conflict
    say(here, quoted(conflict.local.value))
    say(there, quoted(conflict.remote.value))
  }
  return { element: line, show }
}
