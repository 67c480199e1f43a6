import type { ParkedEdit } from '@satchel/client'
import type { Device } from './device.js'
import { button, element, say, type Part } from './element.js'
import { hideUnless, Rows } from './rows.js'
import { quoted } from './words.js'

/** Edits that the server refuses as they are: kept here until somebody decides. */
export function parkedList(device: Device): Part {
  const list = element('ul', { 'aria-label': 'Refused edits' })
  const rows = new Rows<ParkedEdit>(
    list,
    ({ key }) => key,
    (edit) => row(device, edit),
  )
  const part = element(
    'section',
    { class: 'notice parked', role: 'group', 'aria-label': 'Refused edits' },
    element('h4', {}, 'Refused by the server'),
    list,
  )
  const refresh = (): void => {
    const parked = device.dataset.parked()
    rows.show(parked)
    hideUnless(parked.length > 0, part)
  }
  return { element: part, refresh }
}

function row(device: Device, { key }: ParkedEdit) {
  const value = element('span', { class: 'side' })
  const why = element('p', { class: 'why' })
  let shown: ParkedEdit | null = null
  const act = (name: 'discard' | 'retry') => () => {
    const edit = shown
    if (edit !== null) device.edit(() => edit[name]())
  }
  const line = element(
    'li',
    { 'data-key': key },
    element('p', { class: 'key' }, key),
    value,
    why,
    element(
      'div',
      { class: 'acts' },
      button('Try again', act('retry'), { 'aria-label': `Try ${key} again` }),
      button('Discard', act('discard'), { 'aria-label': `Discard ${key}` }),
    ),
  )
  const show = (edit: ParkedEdit): void => {
    shown = edit
    say(value, quoted(edit.value))
    say(why, `${edit.code}: ${edit.message}`)
  }
  return { element: line, show }
}
