import { aGenuineRequest } from './testing/a-genuine-request.js'
import { handSigned, sha256, withHeader, withoutHeader } from './testing/hand-signed.js'

const { access, credentials, body, request, expectAllRefused } = aGenuineRequest()
const pairs = request.rawHeaders.flatMap((name, at) =>
  at % 2 === 0 ? [[name, request.rawHeaders[at + 1] ?? ''] as const] : [],
)

/** Every text that differs from the given one in one bit. */
function* flipped(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      yield `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ (1 << bit))}${text.slice(at + 1)}`
    }
  }
}

/** What a query says, however it is spelled; null when it cannot be read. */
function meaning(target: string): string | null {
  const [path, ...query] = target.split('?')
  try {
    return JSON.stringify([path, decodeURIComponent(query.join('?')), query.join('?').split(/[&=]/).length])
  } catch {
    return null
  }
}

test('[A2] the genuine request is accepted', async () => {
  expect(await access.verdict(request)).toBe('accepted')
})

test('[A2] no bit of the method can be flipped', async () => {
  await expectAllRefused([...flipped('POST')].map((method) => ({ ...request, method })))
})

test('[A4] [A5] no bit of path or query can be flipped, but for other spellings of the same query', async () => {
  const targets = [...flipped(request.target)].filter((target) => meaning(target) !== meaning(request.target))
  const count = await expectAllRefused(targets.map((target) => ({ ...request, target })))
  expect(count).toBeGreaterThan(request.target.length * 7)
})

test.each(pairs.filter(([name]) => name !== 'Authorization'))(
  '[A2] [A6] no bit of the header %s can be flipped',
  async (name, value) => {
    await expectAllRefused([...flipped(value)].map((forged) => withHeader(request, name, forged)))
    const renamed = [...flipped(name)].filter((forged) => forged.toLowerCase() !== name)
    await expectAllRefused(
      renamed.map((forged) => ({
        ...request,
        rawHeaders: request.rawHeaders.map((text) => (text === name ? forged : text)),
      })),
    )
    expect(await access.verdict(withoutHeader(request, name))).not.toBe('accepted')
  },
)

test('[A1] [A2] no bit of the Authorization header can be flipped', async () => {
  const header = pairs.find(([name]) => name === 'Authorization')?.[1] ?? ''
  const count = await expectAllRefused(
    [...flipped(header)].map((forged) => withHeader(request, 'Authorization', forged)),
  )
  expect(count).toBe(header.length * 8)
})

test('[A3] no bit of the body can be flipped, with a content hash or without', async () => {
  const bodies = [...flipped(body.toString('latin1'))].map((text) => Buffer.from(text, 'latin1'))
  await expectAllRefused(bodies.map((forged) => ({ ...request, body: forged })))
  await expectAllRefused(
    bodies.map((forged) => withHeader({ ...request, body: forged }, 'x-amz-content-sha256', sha256(forged))),
  )
  const unhashed = handSigned({ body, method: 'POST', credentials })
  expect(await access.verdict(unhashed)).toBe('accepted')
  await expectAllRefused(bodies.map((forged) => ({ ...unhashed, body: forged })))
  await expectAllRefused(
    [Buffer.alloc(0), Buffer.concat([body, body])].map((forged) => ({ ...unhashed, body: forged })),
  )
})

test('[K3] no bit of a session token can be flipped, even where the forger signs again', async () => {
  const tokens = [...flipped(credentials.sessionToken)]
  await expectAllRefused(tokens.map((sessionToken) => handSigned({ credentials: { ...credentials, sessionToken } })))
})
