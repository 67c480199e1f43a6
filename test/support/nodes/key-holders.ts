import { aGuest, type Reached, type Somebody } from '../a-pool.js'
import { forMs } from '../for-ms.js'
import type { Answer } from '../http-exchange.js'
import { aGuestBearer, asking, twin, type Bearer } from '../live-device.js'
import { errorOf, okOf, replace, type Listing } from '../wire-client.js'
import { PatientAsker } from './patient-asker.js'

const SERVED_MS_MAX = 60_000
const REST_MS = 100

/** A sync session that its holder has spent or has yet to spend. */
type Session = { readonly who: Somebody; readonly dataset: string; readonly token: string; answer: string | null }

/**
 * Whoever was given something that is sealed or signed, and shows it again and again: credentials, OpenID tokens, sync sessions spent and unspent, of every
 * age. While all keys are believed none of it may ever be refused.
 */
export class KeyHolders {
  readonly faults: string[] = []
  readonly seen = { shown: 0, given: 0, kids: new Set<string>() }
  readonly people: Somebody[] = []
  readonly bearers: Bearer[] = []
  readonly sessions: Session[] = []
  private over = false
  private readonly working: Promise<void>[] = []
  private readonly asker = new PatientAsker({ servedMsMax: SERVED_MS_MAX, restMs: REST_MS, faults: this.faults })

  private constructor(
    private readonly reached: Reached,
    private readonly pool: string,
  ) {}

  /** Resolves once everybody has something to show. */
  static async start(reached: Reached, pool: string): Promise<KeyHolders> {
    const holders = new KeyHolders(reached, pool)
    await holders.take()
    holders.working.push(holders.keepTaking(), holders.keepShowing())
    for (const work of holders.working) work.catch((fault: unknown) => holders.faults.push(String(fault)))
    return holders
  }

  async finish(): Promise<void> {
    this.over = true
    await Promise.all(this.working)
  }

  /** Gives somebody new one of everything. */
  async take(): Promise<void> {
    const who = await this.asker.askSdk(() => aGuest(this.reached, this.pool))
    const bearer = await this.asker.askSdk(() => aGuestBearer(this.reached, this.pool))
    for (const dataset of ['spent', 'unspent']) {
      const { answer } = await this.asker.ask('a listing', () => who.device.listRaw(dataset))
      const { SyncSessionToken: token } = okOf(answer) as Listing
      const session: Session = { who, dataset, token, answer: null }
      if (dataset === 'spent') await this.spend(session)
      this.sessions.push(session)
    }
    this.people.push(who)
    this.bearers.push(bearer)
    this.seen.kids.add(kidOf(bearer.token))
    this.seen.given++
  }

  /** Spends a session, or spends it again, which has to be answered as it was. */
  async spend(session: Session): Promise<void> {
    const { who, dataset, token } = session
    const answer = await this.shown(`a session for ${dataset}`, () =>
      who.device.updateRaw(dataset, token, [replace('theme', 'dark')]),
    )
    if (session.answer !== null && answer.text !== session.answer)
      this.faults.push(`a spent session got ${answer.text}`)
    session.answer = answer.text
  }

  showCredentials(who: Somebody): Promise<Answer> {
    return this.shown('credentials', () => who.device.listRaw('unspent'))
  }

  showToken({ token }: Bearer): Promise<Answer> {
    const request = { device: 'holder', datasets: [asking({ dataset: 'settings' })] }
    return this.shown('an OpenID token', () => twin(this.reached, 'sync', request, { token }))
  }

  private async keepTaking(): Promise<void> {
    while (!this.over) {
      await forMs(5 * REST_MS)
      await this.take()
    }
  }

  private async keepShowing(): Promise<void> {
    for (let turn = 0; !this.over; turn++) {
      await this.showCredentials(this.people[turn % this.people.length]!)
      await this.showToken(this.bearers[turn % this.bearers.length]!)
      // Those who have yet to spend a session keep it for the end, but for every tenth.
      const session = this.sessions[turn % this.sessions.length]!
      if (session.answer !== null || turn % 10 === 9) await this.spend(session)
      await forMs(REST_MS)
    }
  }

  /** Any answer but success is a fault. */
  private async shown(what: string, send: () => Promise<Answer>): Promise<Answer> {
    const { answer } = await this.asker.ask(what, send)
    this.seen.shown++
    if (answer.status !== 200) this.faults.push(`${what} got ${answer.status} ${answer.text.slice(0, 300)}`)
    return answer
  }
}

/** By which key a token says that it was signed. */
export const kidOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }).kid

/** Status and type of what an answer of the sync face refuses. */
export const refusalIn = (answer: Answer): readonly [number, string] => [answer.status, errorOf(answer).type as string]

/** The codes with which a node has refused anything for its key, by its own count. */
export async function keyRefusalsOf(url: string): Promise<readonly string[]> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return text.split('\n').filter((line) => FOR_KEYS.test(line) && !line.endsWith(' 0'))
}

const FOR_KEYS =
  /^satchel_(requests|messages|upgrades_refused)_total\{.*code="(UnrecognizedClient|InvalidIdentityToken|InvalidSignature|IncompleteSignature|NotAuthorized|InvalidParameter|InternalError)/
