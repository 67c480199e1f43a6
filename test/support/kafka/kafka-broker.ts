import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { forgetBroker, noteBroker } from './leftover-brokers.js'
import { KAFKA_USER, serverProperties, type BrokerFacts } from './server-properties.js'

const READY_MS_MAX = 90_000
const STOP_MS_MAX = 15_000
const POLL_MS = 25

/** Without it the whole configuration is printed at each start. */
const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
const SMALL = ['-Xms64m', '-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

export type BrokerOptions = BrokerFacts & Readonly<{ jars: string; clusterId: string }>

/** One real Kafka broker, in a process of its own. */
export class KafkaBroker {
  private child: ChildProcess | null = null
  private ended: Promise<void> = Promise.resolve()

  private constructor(private readonly options: BrokerOptions) {}

  /** Formats its folder; the broker does not run yet. */
  static async prepare(options: BrokerOptions): Promise<KafkaBroker> {
    mkdirSync(options.folder, { recursive: true })
    const broker = new KafkaBroker(options)
    writeFileSync(broker.settings, serverProperties(options))
    const { username, password } = KAFKA_USER
    const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ])
    const format = ['kafka.tools.StorageTool', 'format', '-t', options.clusterId, '-c', broker.settings, ...scram]
    const java = ['-Xmx64m', QUIET, '-cp', `${options.jars}/*`]
    await promisify(execFile)('java', [...java, ...format], { timeout: READY_MS_MAX })
    return broker
  }

  get id(): number {
    return this.options.id
  }

  /** `host:port` without login and encryption. */
  get address(): string {
    return `127.0.0.1:${this.options.ports.plain}`
  }

  /** Where a login is asked for. */
  get loginAddress(): string {
    return `127.0.0.1:${this.options.ports.login}`
  }

  /** Where TLS is spoken. */
  get tlsAddress(): string {
    return `127.0.0.1:${this.options.ports.tls}`
  }

  /** Resolves once it takes connections; what it had stored is there again. */
  async start(): Promise<void> {
    const output = openSync(join(this.options.folder, 'output'), 'a')
    const args = [...SMALL, QUIET, '-cp', `${this.options.jars}/*`, 'kafka.Kafka', this.settings]
    // In a session of its own: a signal to the group of this process would shut it down too.
    const child = spawn('java', args, { detached: true, stdio: ['ignore', output, output] })
    closeSync(output)
    this.child = child
    this.ended = new Promise((resolve) => child.once('close', () => resolve()))
    noteBroker({ pid: child.pid!, folder: this.options.folder })
    await this.ready(child)
  }

  /** SIGKILL. The page cache survives it: this tells nothing of a power cut. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.gone()
  }

  /** It takes connections and bytes still, and answers nothing, until `resume`. */
  pause(): void {
    this.signal('SIGSTOP')
  }

  resume(): void {
    this.signal('SIGCONT')
  }

  /** SIGTERM: leadership is handed over, files are closed. */
  async stop(): Promise<void> {
    this.resume()
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), STOP_MS_MAX)
    await this.gone()
    clearTimeout(timer)
  }

  /** A new process on the folder and ports of the last one, which is killed if it runs. */
  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  private get settings(): string {
    return join(this.options.folder, 'server.properties')
  }

  private signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal)
  }

  private async gone(): Promise<void> {
    await this.ended
    if (this.child !== null) forgetBroker(this.child.pid!)
    this.child = null
  }

  private async ready(child: ChildProcess): Promise<void> {
    const deadline = performance.now() + READY_MS_MAX
    while (!(await takesConnections(this.options.ports.plain))) {
      const dead = child.exitCode !== null || child.signalCode !== null
      if (dead || performance.now() > deadline) {
        const said = readFileSync(join(this.options.folder, 'output'), 'utf8').slice(-2_000)
        throw new Error(`Kafka broker ${this.id} ${dead ? 'ended' : 'was not ready in time'}\n${said}`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (taken: boolean) => {
      socket.destroy()
      resolve(taken)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}
