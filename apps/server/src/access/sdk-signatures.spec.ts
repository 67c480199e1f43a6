import { SeededRandom } from '../runtime/testing/seeded-random.js'
import { ACCOUNT, AnAccess } from './testing/an-access.js'
import { signedByV2, signedByV3, type Unsigned } from './testing/sdk-signed.js'
import type { SignedRequest } from './verify-caller.js'

const SEED = 41_120_263
const REQUESTS_V3 = 4_000
const REQUESTS_V2 = 3_000

test(`[A2] ${REQUESTS_V3} random requests signed by the SDK v3 are accepted, seed ${SEED}`, async () => {
  const access = new AnAccess()
  const random = new SeededRandom(SEED)
  for (let n = 0; n < REQUESTS_V3; n++) {
    const unsigned = aRequest(access, random)
    const sent = shuffled(await signedByV3(unsigned), random)
    const verdict = await access.verdict(sent, unsigned.service)
    if (verdict !== 'accepted') throw new Error(`request ${n}: ${verdict} ${JSON.stringify({ unsigned, sent })}`)
  }
})

test(`[A2] ${REQUESTS_V2} random requests signed by the SDK v2 are accepted, seed ${SEED}`, async () => {
  const access = new AnAccess()
  const random = new SeededRandom(SEED + 1)
  for (let n = 0; n < REQUESTS_V2; n++) {
    const unsigned = aRequest(access, random, PLAIN_LETTERS)
    const sent = shuffled(signedByV2(unsigned), random)
    const verdict = await access.verdict(sent, unsigned.service)
    if (verdict !== 'accepted') throw new Error(`request ${n}: ${verdict} ${JSON.stringify({ unsigned, sent })}`)
  }
})

const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'HEAD'] as const
const SERVICES = ['cognito-sync', 'cognito-identity', 'sts'] as const
const LETTERS = [...'abzAZ09-._~:;,+*\'()!@$&=/?#[]%| "<>^`{}\\é文😀']
/** The SDK v2 sorts names before it encodes them, which only makes a difference where no operation has one. */
const PLAIN_LETTERS = [...'abzAZ09']
const HEADER_LETTERS = [...'abzAZ09-._~:;,+=/ \té"()']

function aRequest(access: AnAccess, random: SeededRandom, nameLetters = LETTERS): Unsigned {
  const query = new Map<string, string[]>()
  while (random.below(3) > 0) {
    const values = Array.from({ length: 1 + random.below(3) }, () => text(random, 12))
    query.set(`n${text(random, 6, nameLetters)}`, values)
  }
  const headers: Record<string, string> = {
    [pick(random, ['host', 'Host'])]: 'localhost:4680',
    'User-Agent': text(random, 5, HEADER_LETTERS),
  }
  for (const name of ['Content-Type', 'amz-sdk-request', 'X-Amz-User-Agent', 'x-amz-Client-Context', 'x-amz-target']) {
    if (random.below(2) === 0) headers[name] = text(random, 20, HEADER_LETTERS)
  }
  const body = Buffer.from(random.below(3) === 0 ? '' : text(random, 400))
  return {
    method: pick(random, METHODS),
    path: aPath(random),
    query,
    sentQuery: sentQuery(query, random),
    headers,
    body,
    service: pick(random, SERVICES),
    credentials: random.below(4) === 0 ? ACCOUNT : access.issue(),
    at: new Date(access.clock.now() + (random.below(1_801) - 900) * 1000),
  }
}

/** Segments that an SDK makes are encoded, never empty, and no dots alone: those it would resolve before signing. */
function aPath(random: SeededRandom): string {
  const segments = Array.from({ length: random.below(5) }, () => `a${encodeURIComponent(text(random, 10))}`)
  return `/${segments.join('/')}`
}

/** Sends a query in any order and any spelling that means the same. */
function sentQuery(query: ReadonlyMap<string, readonly string[]>, random: SeededRandom): string {
  const pairs = [...query].flatMap(([name, values]) => values.map((value) => ({ name, value, order: random.next() })))
  const spelled = pairs
    .sort((a, b) => a.order - b.order)
    .map(({ name, value }) => {
      const bare = value === '' && random.below(2) === 0
      return bare ? spell(name, random) : `${spell(name, random)}=${spell(value, random)}`
    })
  return spelled.join('&')
}

function spell(text: string, random: SeededRandom): string {
  const encoded = encodeURIComponent(text)
  return random.below(2) === 0 ? encoded : encoded.replace(/%(3A|2F|2C|40)/g, (escape) => decodeURIComponent(escape))
}

/** Headers arrive in any order and case. */
function shuffled(request: SignedRequest, random: SeededRandom): SignedRequest {
  const pairs: { name: string; value: string; order: number }[] = []
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    pairs.push({ name: request.rawHeaders[at] ?? '', value: request.rawHeaders[at + 1] ?? '', order: random.next() })
  }
  pairs.sort((a, b) => a.order - b.order)
  const rawHeaders = pairs.flatMap(({ name, value }) => [random.below(2) === 0 ? name : name.toUpperCase(), value])
  return { ...request, rawHeaders: [...rawHeaders, 'X-Amz-Cf-Id', 'added==', 'X-Amzn-Trace-Id', 'Root=1'] }
}

const text = (random: SeededRandom, lengthMax: number, letters = LETTERS): string =>
  Array.from({ length: random.below(lengthMax + 1) }, () => pick(random, letters)).join('')

const pick = <T>(random: SeededRandom, from: readonly T[]): T => from[random.below(from.length)] as T
