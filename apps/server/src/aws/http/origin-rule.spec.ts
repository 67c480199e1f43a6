import { OriginRule } from './origin-rule.js'

const rule = (allowed: readonly string[] | null, listensOnLoopback = false) =>
  new OriginRule({ allowed, listensOnLoopback, publicUrl: () => 'https://sync.example.org' })

describe('OriginRule', () => {
  test("[F6] without a setting only the server's own origin may read", () => {
    expect(rule(null).answerTo('https://sync.example.org')).toBe('https://sync.example.org')
    for (const origin of ['https://example.org', 'http://sync.example.org', 'http://localhost:5173', 'null']) {
      expect(rule(null).answerTo(origin)).toBeNull()
    }
  })

  test.each(['http://localhost:5173', 'http://127.0.0.1:80', 'https://[::1]:1', 'http://app.localhost'])(
    '[F6] on loopback %s may read too',
    (origin) => {
      expect(rule(null, true).answerTo(origin)).toBe(origin)
      expect(rule(['https://a.example'], true).answerTo(origin)).toBeNull()
    },
  )

  test.each([
    ['localhost:4680', true],
    ['127.0.0.1:4680', true],
    ['[::1]:4680', true],
    ['sync.example.org', true],
    ['app.test:4680', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example:4680', false],
    ['', false],
  ])('[H14] on loopback the host %j is answered: %s', (host, accepted) => {
    expect(rule(null, true).acceptsHost(host)).toBe(accepted)
    expect(rule(null, false).acceptsHost(host)).toBe(true)
    expect(rule(['https://a.example'], true).acceptsHost(host)).toBe(true)
  })

  test.each([
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://evil-localhost',
    'http://evil.example/?http://localhost:1',
    'http://localhost:1@evil.example',
    'null',
    '',
  ])('[F6] %s is not loopback', (origin) => {
    expect(rule(null, true).answerTo(origin)).toBeNull()
  })

  test('[F6] named origins may read and no others; * is all', () => {
    const named = rule(['https://a.example', 'https://b.example:8443'])
    expect(named.answerTo('https://A.example')).toBe('https://A.example')
    expect(named.answerTo('https://b.example')).toBeNull()
    expect(named.answerTo('https://sync.example.org')).toBeNull()
    expect(rule(['*']).answerTo('null')).toBe('*')
  })
})
