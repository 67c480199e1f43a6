import { pendingCount, shownRecords } from './device.js'

/** Draws one device from the template, and tells it what its user does. */
export class DeviceView {
  #root
  #rowsByKey = new Map()
  #device

  constructor(parent, { name, title, icon }) {
    const template = document.querySelector('#device-template')
    this.#root = template.content.firstElementChild.cloneNode(true)
    this.#root.setAttribute('aria-label', title)
    this.#part('.device-title').textContent = title
    this.#part('.device-icon use').setAttribute('href', `#icon-${icon}`)
    for (const element of this.#root.querySelectorAll('[data-id]')) {
      element.id = `${name}-${element.dataset.id}`
    }
    for (const element of this.#root.querySelectorAll('[data-for]')) {
      element.htmlFor = `${name}-${element.dataset.for}`
    }
    parent.append(this.#root)
  }

  listen(device) {
    this.#device = device
    this.#part('.online').addEventListener('change', (event) => void device.setOnline(event.target.checked))
    this.#part('.sync').addEventListener('click', () => void device.sync())
    this.#part('.reset').addEventListener('click', () => void device.reset())
    this.#part('.add').addEventListener('submit', (event) => {
      event.preventDefault()
      const { key, value } = event.target.elements
      if (key.value === '') return key.focus()
      void device.edit(key.value, value.value)
      event.target.reset()
      key.focus()
    })
  }

  show({ state, online, busy, problem }) {
    this.#root.classList.toggle('is-offline', !online)
    this.#root.classList.toggle('is-busy', busy)
    this.#part('.sync').disabled = !online
    this.#part('.count').textContent = state.syncCount
    this.#showStatus({ state, online, problem })
    const alert = this.#part('.problem')
    alert.hidden = problem === null
    alert.firstElementChild.textContent = problem ?? ''
    this.#showRecords(shownRecords(state))
  }

  #showStatus({ state, online, problem }) {
    const pending = pendingCount(state)
    const conflicts = state.conflicts.size
    const [kind, text] =
      problem !== null
        ? ['problem', 'could not sync']
        : conflicts > 0
          ? ['conflict', conflicts === 1 ? '1 conflict' : `${conflicts} conflicts`]
          : pending > 0
            ? ['pending', pending === 1 ? '1 edit waiting' : `${pending} edits waiting`]
            : ['synced', online ? 'in sync' : 'offline']
    const status = this.#part('.status')
    if (status.textContent !== text) status.textContent = text
    status.dataset.kind = kind === 'synced' && !online ? 'offline' : kind
  }

  #showRecords(records) {
    const list = this.#part('.records')
    this.#part('.empty').hidden = records.length > 0
    const keys = new Set(records.map(({ key }) => key))
    for (const [key, row] of this.#rowsByKey) {
      if (keys.has(key)) continue
      row.remove()
      this.#rowsByKey.delete(key)
    }
    records.forEach((record, index) => {
      const row = this.#rowsByKey.get(record.key) ?? this.#newRow(record.key)
      // Moving a row would take the focus away from the field in it.
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null)
      this.#showRecord(row, record)
    })
  }

  #newRow(key) {
    const row = document.querySelector('#record-template').content.firstElementChild.cloneNode(true)
    row.querySelector('.key').textContent = key
    row.querySelector('.key').title = key
    const field = row.querySelector('.value')
    field.setAttribute('aria-label', `Value of ${key}`)
    field.addEventListener('change', () => void this.#device.edit(key, field.value))
    const remove = row.querySelector('.remove')
    remove.setAttribute('aria-label', `Remove ${key}`)
    remove.addEventListener('click', () => void this.#device.edit(key, null))
    for (const choice of ['local', 'remote']) {
      row.querySelector(`.choose-${choice}`).addEventListener('click', () => void this.#device.resolve(key, choice))
    }
    this.#rowsByKey.set(key, row)
    return row
  }

  #showRecord(row, { value, syncCount, pending, conflict }) {
    row.classList.toggle('is-pending', pending)
    row.classList.toggle('is-removed', value === null)
    row.classList.toggle('is-conflict', conflict !== null)
    const field = row.querySelector('.value')
    field.disabled = value === null
    field.placeholder = value === null ? 'removed' : 'empty'
    if (document.activeElement !== field) field.value = value ?? ''
    row.querySelector('.remove').disabled = value === null
    const count = row.querySelector('.record-count')
    count.textContent = pending ? 'not synced' : `count ${syncCount}`
    row.querySelector('.conflict').hidden = conflict === null
    if (conflict === null) return
    row.querySelector('.choose-local').textContent = `Keep ${named(value)}`
    row.querySelector('.choose-remote').textContent = `Take ${named(conflict.value)}`
  }

  #part(selector) {
    return this.#root.querySelector(selector)
  }
}

const named = (value) => (value === null ? 'the removal' : `“${value.length > 24 ? `${value.slice(0, 24)}…` : value}”`)
