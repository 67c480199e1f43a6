import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Reached } from '../a-pool.js'
import { MASTER_KEY, Site } from '../nodes/site.js'
import type { PostgresServer } from '../postgres/postgres-server.js'
import { startServer, type RunningServer, type StartOptions } from '../start-server.js'

export type Settings = NonNullable<StartOptions['settings']>

/** What streams: one server on SQLite, or several on PostgreSQL that are one site. */
export interface StreamingGround {
  /** Where clients find it now. */
  readonly reached: Reached
  /** By place; one that is started anew keeps its place. */
  readonly nodes: readonly RunningServer[]
  /** Under which `npx satchel` finds what is stored. */
  readonly storeSettings: Readonly<Record<string, string>>
  /** A new process in the place of a node that has ended; resolves once it is ready. */
  startedAgain(place: number): Promise<void>
  /** What the database answers to a question for a number, in which each `?` stands for a value. */
  count(question: string, values: readonly (string | number)[]): Promise<number>
  /** Ends everything and removes what was stored. */
  end(): Promise<void>
}

export type OpenGround = (settings: Settings) => Promise<StreamingGround>

export const onSqlite: OpenGround = async (settings) =>
  new SqliteGround(await startServer({ dataDir: folder(), settings }))

export const onPostgres =
  (postgres: () => PostgresServer, { nodes = 3, redisUrl = null as string | null } = {}): OpenGround =>
  async (settings) => {
    const databaseUrl = await postgres().createDatabase()
    const site = await Site.start({ databaseUrl, redisUrl, nodes, settings })
    return new PostgresGround(site, postgres(), databaseUrl)
  }

const folder = (): string => mkdtempSync(join(tmpdir(), 'satchel-streaming-'))

class SqliteGround implements StreamingGround {
  constructor(private server: RunningServer) {}

  get reached(): Reached {
    return this.server
  }

  get nodes(): readonly RunningServer[] {
    return [this.server]
  }

  get storeSettings() {
    return { SATCHEL_DATA_DIR: this.server.dataDir }
  }

  async startedAgain(): Promise<void> {
    this.server = await this.server.restart()
  }

  count(question: string, values: readonly (string | number)[]): Promise<number> {
    const db = new Database(join(this.server.dataDir, 'satchel.db'), { readonly: true, timeout: 10_000 })
    try {
      const count = db.prepare(question).pluck()
      return Promise.resolve(Number(count.get(...values)))
    } finally {
      db.close()
    }
  }

  async end(): Promise<void> {
    await this.server.kill()
    rmSync(this.server.dataDir, { recursive: true, force: true })
  }
}

class PostgresGround implements StreamingGround {
  constructor(
    readonly site: Site,
    private readonly postgres: PostgresServer,
    private readonly databaseUrl: string,
  ) {}

  get reached(): Reached {
    return this.site.running
  }

  get nodes(): readonly RunningServer[] {
    return this.site.nodes
  }

  get storeSettings() {
    return { SATCHEL_DATABASE_URL: this.databaseUrl, SATCHEL_MASTER_KEY: MASTER_KEY }
  }

  async startedAgain(place: number): Promise<void> {
    await this.site.restart(place)
  }

  async count(question: string, values: readonly (string | number)[]): Promise<number> {
    let at = 0
    const written = question.replace(/\?/g, () => literal(values[at++]!))
    const [row] = await this.postgres.ask<{ count: string }>(`SELECT (${written}) AS count`, this.database)
    return Number(row!.count)
  }

  end(): Promise<void> {
    return this.site.close()
  }

  private get database(): string {
    return new URL(this.databaseUrl).pathname.slice(1)
  }
}

const literal = (value: string | number): string => `'${String(value).replaceAll("'", "''")}'`
