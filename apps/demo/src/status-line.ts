import type { Device } from './device.js'
import { element, say, type Part } from './element.js'
import { kindInWords, reasonInWords } from './words.js'

/** Whether the device is in step, read out when it changes; why and since when, which is only shown. */
export function statusLine({ client, dataset }: Device): Part {
  const kind = element('span', { class: 'kind' })
  const pill = element('span', { class: 'status', role: 'status', 'aria-live': 'polite' }, kind)
  const reason = element('span', { class: 'reason quiet' })
  const refresh = (): void => {
    const { status } = client
    pill.dataset['kind'] = status.kind
    say(kind, kindInWords(status))
    say(reason, reasonInWords(status, Date.now(), dataset.conflicts().length))
  }
  return { element: element('p', { class: 'standing' }, pill, reason), refresh }
}
