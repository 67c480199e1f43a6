import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Credentials } from '../sign-request.js'
import { startServer, type RunningServer } from '../start-server.js'
import { Balancer } from './balancer.js'

const ADMIN: Credentials = {
  accessKeyId: 'AKIASITEOFMANYNODES0',
  secretAccessKey: 'a-secret-that-is-long-enough-for-anybody',
}

/** What a node says when it meets what nobody foresaw. */
const DEFECT = /met a defect|was not caught|was not handled|listener of the commit feed failed|"status":500/

/** As every node of a site has it. */
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')

export type SiteOptions = Readonly<{
  databaseUrl: string
  /** Null: nodes hear nothing of each other. */
  redisUrl: string | null
  nodes?: number
  /** Beside those that make them one site. */
  settings?: Readonly<Record<string, string | undefined>>
}>

/** Several real servers on one database behind one balancer: what a client knows of them is one URL. */
export class Site {
  /** By place; a node that is started anew keeps its place. */
  readonly nodes: RunningServer[] = []
  /** Those of every place, in the order in which they were started. */
  private readonly started: RunningServer[] = []
  private readonly directory = mkdtempSync(join(tmpdir(), 'satchel-site-'))

  private constructor(
    readonly balancer: Balancer,
    private readonly options: SiteOptions,
  ) {}

  /** Resolves once every node is ready. */
  static async start(options: SiteOptions): Promise<Site> {
    const site = new Site(await Balancer.start(), options)
    try {
      const places = Array.from({ length: options.nodes ?? 3 }, (_, place) => place)
      // All of them are known, and ended, when one does not come up.
      const starts = await Promise.allSettled(places.map((place) => site.startNode(place)))
      for (const start of starts) if (start.status === 'rejected') throw start.reason
      site.nodes.push(...site.started)
    } catch (fault) {
      await site.close()
      throw fault
    }
    site.lead()
    return site
  }

  /** Where clients find it, and the account's credentials: what the helpers of tests want of a server. */
  get running(): Readonly<{ url: string; admin: Credentials }> {
    return { url: this.balancer.url, admin: ADMIN }
  }

  /** SIGKILL for a node, whatever it does. */
  async kill(place: number): Promise<void> {
    await this.nodes[place]!.kill()
  }

  /** SIGTERM for a node, which drains; resolves once it has ended. */
  async stop(place: number): Promise<void> {
    await this.nodes[place]!.stop()
  }

  /** False once a node has ended, whoever ended it. */
  isUp(place: number): boolean {
    return this.nodes[place]!.process.isRunning
  }

  /** Connections of clients that a node has now. */
  linksOf(place: number): number {
    return this.balancer.linksOf(this.nodes[place]!.url)
  }

  /** The place of the node that has the most connections. Whoever fled from a node that died stays where it is, so it has the most to lose. */
  get fullest(): number {
    return [...this.nodes.keys()].sort((a, b) => this.linksOf(b) - this.linksOf(a))[0]!
  }

  /** Freezes a node, until `resume`. */
  pause(place: number): void {
    this.nodes[place]!.process.signal('SIGSTOP')
  }

  resume(place: number): void {
    this.nodes[place]!.process.signal('SIGCONT')
  }

  /** Starts a node anew in the place of one that has ended; resolves once it is ready. */
  async restart(place: number, settings: SiteOptions['settings'] = {}): Promise<RunningServer> {
    const node = await this.startNode(place, settings)
    this.nodes[place] = node
    this.lead()
    return node
  }

  /** What the nodes, also those that are gone, wrote of things that nobody foresaw; empty when all went as it should. */
  defects(): readonly string[] {
    return this.started.flatMap(({ process: { stdout, stderr } }) =>
      [...stdout, ...stderr].filter((line) => DEFECT.test(line)),
    )
  }

  /** Ends everything, frozen or not. */
  async close(): Promise<void> {
    await this.balancer.close()
    await Promise.all(this.started.map((node) => node.kill()))
    rmSync(this.directory, { recursive: true, force: true })
  }

  private lead(): void {
    this.balancer.lead(this.nodes.map(({ url }) => url))
  }

  private async startNode(place: number, settings: SiteOptions['settings'] = {}): Promise<RunningServer> {
    const { databaseUrl, redisUrl } = this.options
    const node = await startServer({
      dataDir: join(this.directory, String(place)),
      settings: {
        SATCHEL_DATABASE_URL: databaseUrl,
        SATCHEL_MASTER_KEY: MASTER_KEY,
        SATCHEL_ADMIN_ACCESS_KEY_ID: ADMIN.accessKeyId,
        SATCHEL_ADMIN_SECRET_ACCESS_KEY: ADMIN.secretAccessKey,
        SATCHEL_PUBLIC_URL: this.balancer.url,
        ...(redisUrl === null ? {} : { SATCHEL_REDIS_URL: redisUrl }),
        SATCHEL_LOG_LEVEL: 'warn',
        ...this.options.settings,
        ...settings,
      },
    })
    this.started.push(node)
    return node
  }
}
