import type { PendingEdit } from '@satchel/client'
import type { Device } from './device.js'
import { element, say, type Part } from './element.js'
import { hideUnless, Rows } from './rows.js'
import { counted, quoted } from './words.js'

const EDITS_MAX = 20

/** Edits that the server has not taken yet. */
export function pendingList(device: Device): Part {
  const heading = element('h4', {})
  const list = element('ul', { 'aria-label': 'Waiting edits' })
  const rows = new Rows<PendingEdit>(list, ({ key }) => key, row)
  const part = element('section', { class: 'pending', 'aria-label': 'Waiting edits' }, heading, list)
  const refresh = (): void => {
    const edits = device.dataset.pending()
    part.dataset['count'] = String(edits.length)
    say(heading, edits.length === 0 ? 'No edit is waiting' : `${counted(edits.length, 'edit')} waiting`)
    rows.show(edits.slice(0, EDITS_MAX))
    hideUnless(edits.length > 0, list)
  }
  return { element: part, refresh }
}

function row({ key }: PendingEdit) {
  const value = element('span', { class: 'side' })
  const state = element('span', { class: 'quiet' })
  const line = element('li', { 'data-key': key }, element('span', { class: 'key', title: key }, key), value, state)
  const show = (edit: PendingEdit): void => {
    say(value, quoted(edit.value, 30))
    say(state, edit.sent ? 'sent' : 'saved here')
  }
  return { element: line, show }
}
