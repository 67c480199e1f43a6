import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chownSync, closeSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { findPostgres } from './find-postgres.js'
import { killServer, serverFolder, signalServer, sweepServers } from './leftover-servers.js'
import { freePort } from '../free-port.js'

const READY_MS_MAX = 60_000
const STOP_MS_MAX = 15_000
const POLL_MS = 20

/** Who may connect, with any password: tests are there to find out that it is never shown. */
const USER = 'satchel:a-password-nobody-may-see'

/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED = 'postgres'

export type ServerOptions = Readonly<{
  /** Settings of postgresql.conf beside our own. */
  settings?: Readonly<Record<string, string>>
}>

/** A real PostgreSQL of our own, in a folder of its own, on a free port; it writes as durably as one in production. */
export class PostgresServer {
  private child: ChildProcess | null = null
  private ended: Promise<void> = Promise.resolve()
  private databases = 0

  private constructor(
    private readonly programs: string,
    private readonly folder: string,
    private readonly port: number,
    private readonly options: ServerOptions,
  ) {}

  /** Resolves once it takes connections. */
  static async start(options: ServerOptions = {}): Promise<PostgresServer> {
    const programs = findPostgres()
    if (programs === null) throw new Error('there is no PostgreSQL here')
    sweepServers()
    const folder = serverFolder()
    const owner = unprivileged()
    if (owner !== null) chownSync(folder, owner.uid, owner.gid)
    const args = [
      '--locale=C',
      '--encoding=UTF8',
      '--auth=trust',
      '--username=satchel',
      '--no-sync',
      '-D',
      join(folder, 'data'),
    ]
    await promisify(execFile)(join(programs, 'initdb'), args, { cwd: folder, ...owner })
    const server = new PostgresServer(programs, folder, await freePort(), options)
    await server.launch()
    return server
  }

  /** Another server that follows this one by streaming replication; resolves once it answers. End it before this one. */
  async startReplica(): Promise<PostgresServer> {
    const folder = serverFolder()
    const owner = unprivileged()
    if (owner !== null) chownSync(folder, owner.uid, owner.gid)
    const source = ['-h', '127.0.0.1', '-p', String(this.port), '-U', USER.split(':')[0]!]
    const args = [...source, '-D', join(folder, 'data'), '--write-recovery-conf', '--checkpoint=fast', '--no-sync']
    // Where the programs are linked to, this one need not be.
    const programs = dirname(realpathSync(join(this.programs, 'postgres')))
    await promisify(execFile)(join(programs, 'pg_basebackup'), args, { cwd: folder, ...owner })
    const replica = new PostgresServer(this.programs, folder, await freePort(), this.options)
    await replica.launch()
    return replica
  }

  /** Where a database of this server is. */
  url(database: string): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/${database}`
  }

  /** Makes a database, empty or like another one that nobody is connected to; answers its URL. */
  async createDatabase(template = 'template1'): Promise<string> {
    const name = `test_${++this.databases}`
    await this.ask(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    return this.url(name)
  }

  /** Runs a statement as the superuser. */
  async ask<Row extends pg.QueryResultRow>(sql: string, database = 'postgres'): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url(database) })
    client.on('error', () => {}) // told by the answer
    await client.connect()
    try {
      return (await client.query<Row>(sql)).rows
    } finally {
      await client.end()
    }
  }

  /** SIGKILL for all its processes at once. The page cache survives it: this tells nothing of a power cut. */
  async kill(): Promise<void> {
    if (this.child === null) return
    killServer(this.child.pid!)
    await this.gone()
  }

  /** SIGSTOP for all its processes: connections stay, and nothing on them is answered, as by a host that hangs or a network that swallows. */
  pause(): void {
    signalServer(this.child!.pid!, 'SIGSTOP')
  }

  resume(): void {
    signalServer(this.child!.pid!, 'SIGCONT')
  }

  /** A new process on the folder and port of the last one, which is killed if it runs. Resolves once it takes connections. */
  async restart(): Promise<void> {
    await this.kill()
    await this.launch()
  }

  /** Ends it at once and orderly, connections with it, and removes what it stored. */
  async end(): Promise<void> {
    this.child?.kill('SIGINT')
    const timer = setTimeout(() => this.child !== null && killServer(this.child.pid!), STOP_MS_MAX)
    await this.gone()
    clearTimeout(timer)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }

  private async launch(): Promise<void> {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: '',
      shared_buffers: '32MB',
      ...this.options.settings,
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const output = openSync(this.output, 'a')
    // In a session of its own: a signal to the group of this process would end it too.
    const child = spawn(join(this.programs, 'postgres'), ['-D', join(this.folder, 'data'), ...flags], {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', output, output],
      ...unprivileged(),
    })
    closeSync(output)
    this.child = child
    this.ended = new Promise((resolve) => child.once('close', () => resolve()))
    await this.ready(child)
  }

  private get output(): string {
    return join(this.folder, 'output')
  }

  private async gone(): Promise<void> {
    await this.ended
    this.child = null
  }

  private async ready(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + READY_MS_MAX
    for (;;) {
      const answered = await this.ask('SELECT 1').then(
        () => true,
        () => false,
      )
      if (answered) return
      const dead = child.exitCode !== null || child.signalCode !== null
      if (dead || performance.now() > deadline) {
        const said = readFileSync(this.output, 'utf8').slice(-2_000)
        throw new Error(`PostgreSQL ${dead ? 'ended' : 'was not ready in time'}\n${said}`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

/** Whom PostgreSQL runs as where this process is root; null for nobody else. */
function unprivileged(): Readonly<{ uid: number; gid: number }> | null {
  if (process.getuid?.() !== 0) return null
  const idOf = (flag: string) => Number(execFileSync('id', [flag, UNPRIVILEGED], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}
