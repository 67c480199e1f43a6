import { exchange, rawExchange, type Answer } from '../support/http-exchange.js'
import { ANSWER_MS_MAX, unharmedServer } from '../support/unharmed-server.js'
import { datasetPath, replace } from '../support/wire-client.js'

const { on, expectUnharmed, expectCleanLog } = unharmedServer()

describe('what is not, or not quite, HTTP', () => {
  const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])
  const send = (bytes: string | Buffer, end = false) =>
    rawExchange(on.server.url, (socket) => (end ? socket.end(bytes) : socket.write(bytes)), { withinMs: ANSWER_MS_MAX })

  const broken: Readonly<Record<string, string | Buffer>> = {
    'no HTTP at all': '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n',
    'another version': 'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
    'a header without a colon': 'GET / HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n',
    'a header with a NUL': 'GET / HTTP/1.1\r\nHost: x\r\na: b\u0000c\r\n\r\n',
    'a space before the colon': 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\n',
    'two lengths': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'a length and chunks':
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'a length that is none': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'a chunk size that is none': 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'no Host': 'GET /identitypools HTTP/1.1\r\nConnection: close\r\n\r\n',
    '10,000 headers': `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(10_000)}\r\n`,
    'a header of a megabyte': `GET / HTTP/1.1\r\nHost: x\r\na: ${'b'.repeat(1_000_000)}\r\n\r\n`,
    'a target of a megabyte': `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    'a method that nobody knows': 'BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n',
  }

  test.each(Object.entries(broken))(
    '[H8] %s is answered by an error and the connection is closed',
    async (_, bytes) => {
      const { text } = await send(bytes)
      expect(statusOf(text)).toBeGreaterThanOrEqual(400)
      expect(statusOf(text)).toBeLessThan(500)
      const [head = '', body = ''] = text.split('\r\n\r\n')
      expect(head).toMatch(/x-amzn-errortype: \w+Exception/i)
      expect(JSON.parse(body)).toMatchObject({ __type: expect.any(String), message: expect.any(String) })
      await expectUnharmed()
    },
  )

  test.each([
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['TRACE', 'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n'],
    [
      'an expectation',
      'POST / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ],
  ])('%s comes to nothing', async (_, bytes) => {
    const { text } = await send(bytes)
    if (text !== '') {
      expect(statusOf(text)).toBeGreaterThanOrEqual(400)
      expect(statusOf(text)).toBeLessThan(500)
    }
    await expectUnharmed()
  })

  /** A signed update as bytes, with its body left to be spoilt. */
  async function signedUpdate(): Promise<Readonly<{ head: string; body: string }>> {
    const { SyncSessionToken } = await on.me.device.list('settings')
    const body = JSON.stringify({ SyncSessionToken, RecordPatches: [replace('spliced', 'x')] })
    const outgoing = { method: 'POST', target: datasetPath(on.me, 'settings'), body }
    const { headers, target } = on.me.device.wire.signed(outgoing)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return { head: `POST ${target} HTTP/1.1\r\n${lines.join('')}`, body }
  }

  test('a signed body that is cut off within its length is never believed', async () => {
    const { head, body } = await signedUpdate()
    for (const cut of [0, 1, body.length >> 1, body.length - 1]) {
      await send(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, cut)}`, true)
    }
    await expectUnharmed()
  })

  test('signed chunks that are cut off are never believed', async () => {
    const { head, body } = await signedUpdate()
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`
    for (const cut of [0, 1, chunk.length - 3, chunk.length]) {
      await send(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.slice(0, cut)}`, true)
    }
    await expectUnharmed()
  })

  test('a length shorter than the body cuts it, so the signature no longer holds', async () => {
    const { head, body } = await signedUpdate()
    const { text } = await send(`${head}Content-Length: ${body.length - 1}\r\nConnection: close\r\n\r\n${body}`)
    expect(text).not.toContain(' 200 ')
    await expectUnharmed()
  })

  test('fifty pipelined requests get fifty answers, in order', async () => {
    const paths = Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? '/health/live' : '/nothing'))
    const requests = paths.map(
      (path, n) => `GET ${path} HTTP/1.1\r\nHost: x\r\n${n === 49 ? 'Connection: close\r\n' : ''}\r\n`,
    )
    const { text } = await send(requests.join(''))
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
    expect(statuses).toEqual(paths.map((path) => (path === '/nothing' ? 404 : 200)))
    await expectUnharmed()
  })

  test('an ordinary request is answered at once while 500 senders dawdle', async () => {
    const { head, body } = await signedUpdate()
    const dawdlers: Promise<unknown>[] = []
    const open: { destroy: () => void }[] = []
    for (let n = 0; n < 500; n++) {
      const begun = n % 2 === 0 ? head.slice(0, 40) : `${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`
      dawdlers.push(
        rawExchange(on.server.url, (socket) => {
          open.push(socket)
          socket.write(begun)
        }),
      )
    }
    const answers: Answer[] = []
    const begun = performance.now()
    for (let n = 0; n < 20; n++) answers.push(await exchange(on.server.url, { target: '/health/live' }))
    expect(performance.now() - begun).toBeLessThan(ANSWER_MS_MAX)
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    for (const socket of open) socket.destroy()
    await Promise.all(dawdlers)
    await expectUnharmed()
  }, 30_000)
})

test('after all of it the log has no fatal line and no defect', async () => {
  await expectCleanLog(100)
})
