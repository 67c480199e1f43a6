import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { exchange } from './http-exchange.js'
import type { Credentials } from './sign-request.js'

/** The server as `npm start` runs it. */
export const SERVER_MAIN = fileURLToPath(new URL('../../apps/server/dist/main.js', import.meta.url))

const READY = /Satchel is ready: (http:\/\/[^\s"\\]+)/
const START_MS_MAX = 60_000
const STOP_MS_MAX = 15_000

export type StartOptions = Readonly<{
  /** Settings beside the port, the data directory and those every test server has; undefined leaves one out. */
  settings?: Readonly<Record<string, string | undefined>>
  /** A directory that is already there, which then stays; a new one is made and removed otherwise. */
  dataDir?: string
}>

export type Exit = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>

/** What a process of the server wrote and how it ended. */
export class ServerProcess {
  readonly stdout: string[] = []
  readonly stderr: string[] = []
  readonly exited: Promise<Exit>
  private readonly watchers = new Set<(line: string) => void>()
  private ended: Exit | null = null

  constructor(private readonly child: ChildProcess) {
    this.collect(child.stdout!, this.stdout)
    this.collect(child.stderr!, this.stderr)
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => {
        this.ended = { code, signal }
        resolve(this.ended)
      })
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  get isRunning(): boolean {
    return this.ended === null
  }

  /** Everything written so far, both streams. */
  get output(): string {
    return [...this.stdout, ...this.stderr].join('\n')
  }

  /** The first line that matches, already written or yet to come; rejects when the process ends without it. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    for (const line of [...this.stdout, ...this.stderr]) {
      const found = pattern.exec(line)
      if (found !== null) return Promise.resolve(found)
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => end(new Error(`no line ${pattern} within ${START_MS_MAX} ms`)), START_MS_MAX)
      const watch = (line: string): void => {
        const found = pattern.exec(line)
        if (found === null) return
        done()
        resolve(found)
      }
      const done = (): void => {
        clearTimeout(timer)
        this.watchers.delete(watch)
      }
      const end = (why: Error): void => {
        done()
        reject(new Error(`${why.message}\n${this.output}`))
      }
      this.watchers.add(watch)
      void this.exited.then(({ code, signal }) =>
        end(new Error(`the server ended (${code ?? signal}) before ${pattern}`)),
      )
    })
  }

  signal(signal: NodeJS.Signals): void {
    if (this.ended === null) this.child.kill(signal)
  }

  /** Waits for the end; rejects when it does not come within the bound. */
  async end(withinMs = STOP_MS_MAX): Promise<Exit> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.child.kill('SIGKILL')
        reject(new Error(`the server did not end within ${withinMs} ms`))
      }, withinMs)
    })
    try {
      return await Promise.race([this.exited, late])
    } finally {
      clearTimeout(timer)
    }
  }

  private collect(stream: Readable, lines: string[]): void {
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      lines.push(line)
      for (const watch of [...this.watchers]) watch(line)
    })
  }
}

/** The real server in a process of its own, ready for requests. */
export class RunningServer {
  private constructor(
    readonly process: ServerProcess,
    readonly url: string,
    readonly dataDir: string,
    /** The account's own credentials. */
    readonly admin: Credentials,
    private readonly options: StartOptions,
  ) {}

  /** Resolves once the server has said where it listens. */
  static async start(options: StartOptions = {}): Promise<RunningServer> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'satchel-e2e-'))
    const started = spawnServer({
      SATCHEL_PORT: '0',
      SATCHEL_DATA_DIR: dataDir,
      SATCHEL_DEMO: 'off',
      ...options.settings,
    })
    const [, url] = await started.line(READY).catch((fault: unknown) => {
      // One that came up later would be nobody's.
      started.signal('SIGKILL')
      throw fault
    })
    return new RunningServer(started, url!, dataDir, adminOf(dataDir, options), options)
  }

  /** The log's lines up to now; they are written behind the answers, so one more request is made and waited for. */
  async log(): Promise<readonly Record<string, unknown>[]> {
    const { headers } = await exchange(this.url, { target: '/nothing' })
    await this.process.line(new RegExp(String(headers['x-amzn-requestid'])))
    return this.process.stdout.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  /** SIGTERM, and the end of the process. */
  async stop(withinMs?: number): Promise<Exit> {
    this.process.signal('SIGTERM')
    const exit = await this.process.end(withinMs)
    if (this.options.dataDir === undefined) rmSync(this.dataDir, { recursive: true, force: true })
    return exit
  }

  /** SIGKILL: nothing the server could do about it. The data stays. */
  async kill(): Promise<Exit> {
    this.process.signal('SIGKILL')
    return this.process.end()
  }

  /** A new process on the data that the last one left; that one must have ended. */
  restart(settings: StartOptions['settings'] = {}): Promise<RunningServer> {
    return RunningServer.start({ settings: { ...this.options.settings, ...settings }, dataDir: this.dataDir })
  }
}

/** Starts the real server on a free port and waits until it is ready. */
export const startServer = (options?: StartOptions): Promise<RunningServer> => RunningServer.start(options)

/** Starts the server with exactly these settings, ready or not. */
export function spawnServer(settings: Readonly<Record<string, string | undefined>>): ServerProcess {
  if (!existsSync(SERVER_MAIN)) throw new Error(`${SERVER_MAIN} is missing: run "npm run build" first`)
  const env: Record<string, string> = { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), TZ: 'UTC' }
  for (const [name, value] of Object.entries(settings)) if (value !== undefined) env[name] = value
  return new ServerProcess(spawn(process.execPath, [SERVER_MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] }))
}

function adminOf(dataDir: string, { settings = {} }: StartOptions): Credentials {
  const { SATCHEL_ADMIN_ACCESS_KEY_ID: id, SATCHEL_ADMIN_SECRET_ACCESS_KEY: secret } = settings
  if (id !== undefined && secret !== undefined) return { accessKeyId: id, secretAccessKey: secret }
  const text = readFileSync(join(dataDir, 'admin-credentials'), 'utf8')
  const member = (name: string): string => new RegExp(`^${name} = (.+)$`, 'm').exec(text)![1]!
  return { accessKeyId: member('aws_access_key_id'), secretAccessKey: member('aws_secret_access_key') }
}
