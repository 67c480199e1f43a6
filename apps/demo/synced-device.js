import { RefusedError } from './aws-face.js'
import { deletedElsewhere, edit, fromText, newDevice, patchesOf, pulled, pushed, resolve, toText } from './device.js'

const ROUNDS_MAX = 4

/**
 * One of the two devices: its state, kept for as long as the tab lives, and its syncs, one at a time. Tells `onChange`
 * whenever there is something new to show.
 */
export class SyncedDevice {
  #guest
  #options
  #again = false
  state
  online = true
  busy = false
  problem = null

  constructor(guest, options) {
    this.#guest = guest
    this.#options = options // { name, dataset, kept: { load(), save(text) }, onChange }
    const kept = options.kept.load()
    this.state = kept === null ? newDevice() : fromText(kept)
  }

  edit(key, value) {
    this.#become(edit(this.state, key, value))
    return this.sync()
  }

  resolve(key, choice) {
    this.#become(resolve(this.state, key, choice))
    return this.sync()
  }

  setOnline(online) {
    this.online = online
    this.#become(this.state)
    return this.sync()
  }

  /** Forgets everything on this device; the server still has what was synced. */
  reset() {
    this.problem = null
    this.#become(newDevice())
    return this.sync()
  }

  /** Pulls, then pushes; a call during a sync makes it run once more. */
  async sync() {
    if (!this.online) return
    if (this.busy) {
      this.#again = true
      return
    }
    this.busy = true
    this.#options.onChange(this)
    try {
      do {
        this.#again = false
        await this.#exchange()
      } while (this.#again && this.online)
      this.problem = null
    } catch (error) {
      this.problem = error instanceof RefusedError ? `${error.code}: ${error.message}` : 'The server cannot be reached.'
    }
    this.busy = false
    this.#options.onChange(this)
  }

  async #exchange() {
    const { name, dataset } = this.#options
    for (let round = 0; round < ROUNDS_MAX && this.online; round++) {
      const page = await this.#guest.listRecords(name, dataset, this.state.syncCount)
      if (page.deletedSince) {
        this.#become(deletedElsewhere(this.state))
        continue
      }
      this.#become(pulled(this.state, page))
      const patches = patchesOf(this.state)
      if (patches.length === 0) return
      const answered = await this.#push(patches, page.sessionToken)
      if (answered === null) continue
      this.#become(pushed(this.state, patches, answered))
      if (this.state.syncCount >= page.syncCount + 1) return
    }
  }

  /** Null when another device was faster: pull and try again. */
  async #push(patches, sessionToken) {
    const { name, dataset } = this.#options
    try {
      return await this.#guest.updateRecords(name, dataset, sessionToken, patches)
    } catch (error) {
      if (error instanceof RefusedError && error.status === 409) return null
      throw error
    }
  }

  #become(state) {
    this.state = state
    this.#options.kept.save(toText(state))
    this.#options.onChange(this)
  }
}
