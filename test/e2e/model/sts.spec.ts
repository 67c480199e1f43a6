import { ROLES } from '../../support/a-pool.js'
import { exchange, type Answer } from '../../support/http-exchange.js'
import { casesOf, readModel, type Input, type ModelOperation, type Samples } from '../../support/model-cases.js'
import { servedGuest } from '../../support/served-guest.js'

const { operations } = readModel('sts')
const operation = operations['AssumeRoleWithWebIdentity']!

const samples: Samples = {
  RoleArn: ROLES.unauthenticated,
  RoleSessionName: 'session',
  WebIdentityToken: 'token',
  DurationSeconds: 900,
}

let token: string

const on = servedGuest({ AllowClassicFlow: true })

beforeAll(async () => {
  const { Token } = await on.unsigned.getOpenIdToken({ IdentityId: on.me.identity })
  token = Token!
})

const rightInput = (): Input => ({ ...samples, WebIdentityToken: token })

function assume(input: Input): Promise<Answer> {
  const body = new URLSearchParams({ Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15' })
  for (const [name, value] of Object.entries(input)) body.set(name, String(value))
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  return exchange(on.server.url, { method: 'POST', target: '/', headers, body: body.toString() })
}

/** A form has no types, so only what a text can get wrong is left. */
const formOf = ({ input, ...rest }: ModelOperation): ModelOperation => ({
  ...rest,
  input: Object.fromEntries(Object.entries(input).filter(([name]) => name in samples)),
})

const cases = casesOf(formOf(operation), samples)
const refused = cases.refused.filter(({ name }) => !/ is (a|an|null)\b/.test(name))
const accepted = cases.accepted.filter(({ name }) => !name.includes('is null'))

test('the request that the cases start from is answered with credentials', async () => {
  const answer = await assume(rightInput())
  expect(answer.text).toContain('<SessionToken>')
  expect(answer.status).toBe(200)
})

test.each(refused.map((spoilt) => [spoilt.name, spoilt] as const))(
  '[Q6] AssumeRoleWithWebIdentity refuses, when %s, naming the member and its limit',
  async (_, { at, says, spoil }) => {
    const answer = await assume(spoil(rightInput()))
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('<Code>ValidationError</Code>')
    for (const words of [at, ...says]) expect(answer.text.replaceAll('&apos;', "'")).toContain(words)
  },
)

test.each(accepted.map((longest) => [longest.name, longest] as const))(
  'AssumeRoleWithWebIdentity takes no offence when %s',
  async (_, { at, stretch }) => {
    const answer = await assume(stretch(rightInput()))
    expect(answer.status).toBeLessThan(500)
    expect(answer.text.replaceAll('&apos;', "'")).not.toContain(`'${at}'`)
  },
)
