import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aGuest, aPool, type Somebody } from './a-pool.js'
import { ClientProcess, type OpenOptions, type Shown, type Told } from './client-process.js'
import { startServer, type RunningServer } from './start-server.js'

/** The dataset that all devices open. */
export const NOTES = 'notes'

/**
 * A server, somebody new for each test, and devices of theirs, each a client in a process of its own. Processes end with their test, server and
 * directories with the file's tests.
 */
export class ClientDevices {
  server!: RunningServer
  user!: Somebody
  private pool!: string
  private readonly home = mkdtempSync(join(tmpdir(), 'satchel-client-devices-'))
  private readonly clients: ClientProcess[] = []
  private directories = 0

  constructor() {
    beforeAll(async () => {
      this.server = await startServer({ settings: { SATCHEL_LOG_LEVEL: 'warn' } })
      this.pool = await aPool(this.server)
    })
    beforeEach(async () => {
      this.user = await aGuest(this.server, this.pool)
    })
    afterEach(async () => {
      await Promise.all(this.clients.splice(0).map((client) => client.kill()))
    })
    afterAll(async () => {
      await this.server.stop()
      rmSync(this.home, { recursive: true })
    })
  }

  /** Another device's storage. */
  directory(): string {
    return join(this.home, `device-${++this.directories}`)
  }

  start(options: Parameters<typeof ClientProcess.start>[0] = {}): ClientProcess {
    const client = ClientProcess.start(options)
    this.clients.push(client)
    return client
  }

  /** What opens a device of the user's. */
  options(directory: string): OpenOptions {
    return { endpoint: this.server.url, pool: this.pool, guest: this.user.identity, directory }
  }

  /** Opens a device of the user's in a process of its own; answers what it shows before the network says anything. */
  async opened(directory: string, over: Partial<OpenOptions> = {}, listen: (told: Told) => void = () => {}) {
    const client = this.start({ listen })
    const { notes } = await client.open({ ...this.options(directory), ...over }, [NOTES])
    return { client, notes }
  }
}

export const valuesIn = ({ entries }: Shown): Record<string, string> => Object.fromEntries(entries)
