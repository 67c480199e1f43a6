import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.js'

const READY_MS_MAX = 10_000
const POLL_MS = 20

/** The path of the program, or null where there is none. */
export function findRedis(): string | null {
  try {
    return execFileSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}

/** A real Redis of our own on a free port, which keeps nothing. */
export class RedisServer {
  private child: ChildProcess | null = null

  private constructor(
    private readonly program: string,
    readonly port: number,
    private readonly folder: string,
    private readonly settings: readonly string[],
  ) {}

  /** Resolves once it answers, on a free port where none is given. `settings` are options of its command line, such as `--requirepass secret`, word by word. */
  static async start(settings: readonly string[] = [], port?: number): Promise<RedisServer> {
    const program = findRedis()
    if (program === null) throw new Error('there is no redis-server here')
    const folder = mkdtempSync(join(tmpdir(), `satchel-redis-${process.pid}-`))
    const server = new RedisServer(program, port ?? (await freePort()), folder, settings)
    try {
      await server.launch()
    } catch (fault) {
      await server.end()
      throw fault
    }
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const { child } = this
    this.child = null
    if (child === null) return
    const gone = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await gone
  }

  /** A new process on the same port; resolves once it answers. */
  async restart(): Promise<void> {
    await this.kill()
    await this.launch()
  }

  /** Freezes it, until `resume`. */
  pause(): void {
    this.child?.kill('SIGSTOP')
  }

  resume(): void {
    this.child?.kill('SIGCONT')
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async launch(): Promise<void> {
    const port = String(this.port)
    const own = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.folder]
    const child = spawn(this.program, [...own, ...this.settings], { stdio: 'ignore' })
    this.child = child
    const deadline = performance.now() + READY_MS_MAX
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || performance.now() > deadline) throw new Error('redis-server did not get ready')
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

/** Any answer will do: one that wants a password says so. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const end = (answered: boolean) => {
      resolve(answered)
      socket.destroy()
    }
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
