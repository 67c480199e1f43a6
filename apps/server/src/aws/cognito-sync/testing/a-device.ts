import type { Answer, Call, Guest, SyncFace } from './sync-face.js'

/** A patch as a client writes it. */
export type Patch = Readonly<{
  Op: string
  Key: string
  Value?: string
  SyncCount: number
  DeviceLastModifiedDate?: unknown
}>

export const replace = (Key: string, Value: string, SyncCount = 0): Patch => ({ Op: 'replace', Key, Value, SyncCount })
export const remove = (Key: string, SyncCount: number): Patch => ({ Op: 'remove', Key, SyncCount })

/** One dataset of a guest, used as a client uses it: list, then update with the token. */
export class ADevice {
  constructor(
    private readonly face: SyncFace,
    readonly guest: Guest,
    private readonly dataset = 'settings',
  ) {}

  get path(): string {
    return `${this.guest.path}/datasets/${encodeURIComponent(this.dataset)}`
  }

  list(query: Readonly<Record<string, string>> = {}, call: Call = {}): Promise<Answer> {
    return this.face.call('GET', `${this.path}/records`, { as: this.guest.credentials, query, ...call })
  }

  async token(): Promise<string> {
    const answer = await this.list()
    return (answer.body as { SyncSessionToken: string }).SyncSessionToken
  }

  /** Sends a batch, with a new session's token unless one is given. */
  async update(
    patches: readonly unknown[] | undefined,
    more: Readonly<Record<string, unknown>> = {},
    call: Call = {},
  ): Promise<Answer> {
    const SyncSessionToken = 'SyncSessionToken' in more ? more['SyncSessionToken'] : await this.token()
    const body = { RecordPatches: patches, ...more, SyncSessionToken }
    return this.face.call('POST', this.path, { as: this.guest.credentials, body, ...call })
  }

  describe(): Promise<Answer> {
    return this.face.call('GET', this.path, { as: this.guest.credentials })
  }

  delete(): Promise<Answer> {
    return this.face.call('DELETE', this.path, { as: this.guest.credentials })
  }
}
