import { Session } from 'node:inspector/promises'

const INTERVAL_MICROSECONDS = 250

/** A CPU profile of the thread it runs in. */
export class ThreadProfile {
  #session = new Session()

  async start() {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROSECONDS })
    await this.#session.post('Profiler.start')
  }

  async stop() {
    const { profile } = await this.#session.post('Profiler.stop')
    this.#session.disconnect()
    return profile
  }
}
