import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RunningServer, type StartOptions } from './start-server.js'

/** Servers and directories that a file's tests make; whatever is left of them is gone after the tests. */
export function testProcesses() {
  const directories: string[] = []
  /** Whatever a test could not stop, since it failed before, must not outlive the tests. */
  const started: RunningServer[] = []

  afterAll(async () => {
    for (const server of started) await server.kill()
    for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  })

  return {
    /** A data directory. */
    aDirectory(): string {
      const directory = mkdtempSync(join(tmpdir(), 'satchel-ops-'))
      directories.push(directory)
      return directory
    },
    async startServer(options?: StartOptions): Promise<RunningServer> {
      const server = await RunningServer.start(options)
      started.push(server)
      return server
    },
    async restart(server: RunningServer): Promise<RunningServer> {
      const again = await server.restart()
      started.push(again)
      return again
    },
  }
}
