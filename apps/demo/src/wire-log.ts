import type { WireEvent } from '@satchel/client'
import { element } from './element.js'
import { gistOf, messageText } from './wire-words.js'

const LINES_MAX = 80

/** Longest message that is shown whole, characters. */
const TEXT_LENGTH_MAX = 20_000

/** What went over the wire, newest first, so many lines at most. */
export class WireLog {
  constructor(private readonly list: HTMLElement) {}

  add(device: string, event: WireEvent): void {
    const arrow = event.direction === 'sent' ? '→' : '←'
    const body = element('pre', { tabindex: '0', 'aria-label': 'Message' })
    const details = element(
      'details',
      { class: 'message' },
      element(
        'summary',
        {},
        element('time', { class: 'at' }, timeText(event.at)),
        element('span', { class: 'who' }, device),
        element('span', { class: 'arrow', 'aria-label': event.direction, role: 'img' }, arrow),
        element('span', { class: 'name' }, event.message),
        element('span', { class: 'gist' }, gistOf(event)),
      ),
      body,
    )
    // Made when it is looked at: most messages never are.
    details.addEventListener('toggle', () => (body.textContent = shortened(messageText(event.body))), { once: true })
    this.list.prepend(element('li', { 'data-message': event.message, 'data-direction': event.direction }, details))
    while (this.list.children.length > LINES_MAX) this.list.lastElementChild?.remove()
  }
}

const timeText = (at: number): string => {
  const date = new Date(at)
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

const shortened = (text: string): string =>
  text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX)}\n… ${text.length} characters in all` : text
