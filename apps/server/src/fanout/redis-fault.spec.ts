import { redisFault } from './redis-fault.js'

const systemFault = (message: string, code: string) => Object.assign(new Error(message), { code })

test.each([
  [
    'the login',
    new Error('WRONGPASS invalid username-password pair or user is disabled.'),
    'login',
    'refuses the login',
  ],
  ['rights', new Error("NOPERM User satchel has no permissions to run the 'spublish' command"), 'forbidden', 'rights'],
  ['the version', new Error("ERR unknown command 'SSUBSCRIBE'"), 'unsuited', 'version 7'],
  ['a cluster', new Error('MOVED 866 10.0.0.2:6379'), 'unsuited', 'cluster'],
  ['nobody there', systemFault('connect ECONNREFUSED 10.0.0.1:6379', 'ECONNREFUSED'), 'unreachable', 'ECONNREFUSED'],
  ['a name', systemFault('getaddrinfo ENOTFOUND redis.example.com', 'ENOTFOUND'), 'unreachable', 'ENOTFOUND'],
  [
    'silence',
    new Error("Socket timeout timeout. Expecting data, but didn't receive any in 5000ms."),
    'unreachable',
    'ended',
  ],
  ['a cluster away', new Error('All the root nodes are unavailable'), 'unreachable', 'none of the nodes'],
  ['one that moves', new Error('Too many Cluster redirections'), 'unsuited', 'cluster'],
  ['TLS', systemFault('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'), 'unreachable', 'TLS'],
  ['no TLS', systemFault('C0:error:0A00010B:SSL routines:wrong version number\n', 'EPROTO'), 'unreachable', 'TLS'],
] as const)('[RD7] what is wrong with a Redis is said in a sentence: %s', (_, cause, kind, sentence) => {
  expect(redisFault(cause)).toMatchObject({ kind, message: expect.stringContaining(sentence) as string })
})

test('[RD7] a Redis whose name is not known is not said to have a certificate, whatever the name', () => {
  const fault = redisFault(systemFault('getaddrinfo ENOTFOUND tls-redis.ssl.example.com', 'ENOTFOUND'))
  expect(fault).toMatchObject({ kind: 'unreachable', message: 'no connection to Redis (ENOTFOUND)' })
})

test('[RD7] what a Redis quotes of what was sent is not said again', () => {
  const old = 'ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `satchel`, `the-secret`, '
  for (const said of [old, 'ODD the-secret']) expect(redisFault(new Error(said)).message).not.toContain('secret')
})
