import { openClient, type Login, type NodeClientOptions, type SyncClient } from '@satchel/client/node'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServer, type RunningServer } from './start-server.js'

/** A server with a demo pool, and devices of people who use it; all of it ends with the file's tests, and clients with each. */
export class DemoPeople {
  server!: RunningServer
  pool!: string
  private readonly directories: string[] = []
  private readonly clients: SyncClient[] = []

  constructor() {
    beforeAll(async () => {
      this.server = await startServer({ settings: { SATCHEL_DEMO: 'on' } })
      this.pool = await demoPoolOf(this.server)
    })
    afterEach(async () => {
      await Promise.all(this.clients.splice(0).map((client) => client.close()))
    })
    afterAll(async () => {
      await this.server.stop()
      for (const directory of this.directories) rmSync(directory, { recursive: true, force: true })
    })
  }

  /** Another device's storage. */
  directory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'satchel-client-'))
    this.directories.push(directory)
    return directory
  }

  /** A client; on a device of its own where no directory is named. */
  async open(options: Partial<NodeClientOptions> = {}): Promise<SyncClient> {
    const { server, pool } = this
    const client = await openClient({ endpoint: server.url, pool, directory: this.directory(), ...options })
    this.clients.push(client)
    return client
  }

  /** What an app's own backend does; the demo asks for no password. */
  loginOf(user: string): Login {
    return async ({ guest }) => {
      const body = JSON.stringify({ user, guest })
      const answer = await fetch(`${this.server.url}/demo/sign-in`, { method: 'POST', body })
      return (await answer.json()) as { identityId: string; token: string }
    }
  }

  /** What a device of its own sees of a user's dataset. */
  async elsewhere(user: string, dataset = 'settings'): Promise<Map<string, string>> {
    const client = await this.open({ login: this.loginOf(user) })
    const settings = client.dataset(dataset)
    await client.synchronize()
    return new Map(settings.entries())
  }

  /** A user who has these values in the dataset `settings` already, and the device that wrote them. */
  async userWith(values: Readonly<Record<string, string>>): Promise<Readonly<{ user: string; first: SyncClient }>> {
    const user = aUser()
    const first = await this.open({ login: this.loginOf(user) })
    await first.dataset('settings').edit(Object.entries(values))
    await first.synchronize()
    return { user, first }
  }
}

/** A user nobody has heard of. */
export const aUser = (): string => `user-${randomUUID()}`

/** The pool that a server with the demo has made. */
export async function demoPoolOf(server: RunningServer): Promise<string> {
  const [, pool] = await server.process.line(/"demoPool":"([^"]+)"/)
  return pool!
}
