import { conflictList } from './conflict-list.js'
import type { Device } from './device.js'
import { button, element, say, type Part } from './element.js'
import { freeKeys } from './free-keys.js'
import { parkedList } from './parked-list.js'
import { pendingList } from './pending-list.js'
import { preferences } from './preferences.js'
import { quotaBar } from './quota-bar.js'
import { hideUnless } from './rows.js'
import { statusLine } from './status-line.js'

/** How often what depends on the time is shown anew, milliseconds. */
const TICK_MS = 500

/** One device: the little app on it, and what the client knows about its edits. `id` stands before every id in it. */
export function deviceCard(device: Device, id: string): HTMLElement {
  const body = [
    statusLine(device),
    problem(device),
    conflictList(device),
    parkedList(device),
    preferences(device, id),
    freeKeys(device, id),
    pendingList(device),
    quotaBar(device),
    foot(device),
  ]
  const card = element(
    'article',
    { class: 'device', 'data-device': id, 'aria-labelledby': `${id}-title` },
    element('header', {}, element('h3', { id: `${id}-title` }, device.title), onlineSwitch(device)),
    ...body.map((part) => part.element),
  )
  const refresh = (): void => body.forEach((part) => part.refresh())
  refreshBeforePaint(device, refresh)
  return card
}

/** However much happens at once, it is shown once: before the next frame, and at least with every tick. */
function refreshBeforePaint(device: Device, refresh: () => void): void {
  let waits = false
  const soon = (): void => {
    if (waits) return
    waits = true
    requestAnimationFrame(() => {
      waits = false
      refresh()
    })
  }
  device.onChange(soon)
  setInterval(soon, TICK_MS)
  refresh()
}

function onlineSwitch({ client }: Device): HTMLElement {
  const box = element('input', { type: 'checkbox', role: 'switch', class: 'online', checked: '' })
  box.addEventListener('change', () => (box.checked ? client.resume() : client.pause()))
  return element(
    'label',
    { class: 'switch' },
    box,
    element('span', { class: 'track', 'aria-hidden': 'true' }),
    element('span', {}, 'Online'),
  )
}

function problem(device: Device): Part {
  const line = element('p', { class: 'notice problem', role: 'alert', hidden: '' })
  const refresh = (): void => {
    say(line, device.trouble ?? '')
    hideUnless(device.trouble !== null, line)
  }
  return { element: line, refresh }
}

function foot(device: Device): Part {
  const count = element('b', { class: 'count' })
  const now = button('Sync now', () => void synchronize(), { class: 'sync' })
  const synchronize = async (): Promise<void> => {
    try {
      await device.client.synchronize()
      device.trouble = null
      device.changed()
    } catch (fault) {
      device.failed(fault)
    }
  }
  const refresh = (): void => {
    say(count, device.dataset.syncCount.toLocaleString('en'))
    now.disabled = device.client.status.kind === 'offline'
  }
  return { element: element('footer', {}, element('span', {}, 'Sync count ', count), now), refresh }
}
