import { Writable } from 'node:stream'
import { createLog } from './log.js'
import { NestLog } from './nest-log.js'
import { logRequest, type RequestFacts } from './request-log.js'

/** A log and what it wrote. */
function aLog(level: 'debug' | 'info' | 'warn' | 'error' = 'info') {
  let text = ''
  const log = createLog(
    level,
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        text += chunk.toString('utf8')
        done()
      },
    }),
  )
  return {
    log,
    text: () => text,
    lines: () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

const ANSWERED: RequestFacts = {
  requestId: '0d4f2c5e-0000-4000-8000-000000000000',
  method: 'POST',
  operation: 'UpdateRecords',
  status: 200,
  code: 'OK',
  ms: 1.23456,
  bytes: 12,
}

test('[O20] a line is JSON with an ISO time, a level in words and a text', () => {
  const { log, lines } = aLog()
  log.info({ url: 'http://127.0.0.1:4680' }, 'listening')
  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      url: 'http://127.0.0.1:4680',
      msg: 'listening',
    },
  ])
})

test('[O20] no text can end a line: CR, LF, NEL, LS and PS are escaped, and read back as they were', () => {
  const { log, text, lines } = aLog()
  const evil = 'a\r\nb\u0085c\u2028d\u2029e\u000bf\u000cg'
  log.info({ [evil]: evil }, evil)
  expect(text().match(/[\r\n\u0085\u2028\u2029\u000b\u000c]/g)).toEqual(['\n'])
  expect(lines()).toEqual([expect.objectContaining({ [evil]: evil, msg: evil })])
})

test('[O20] levels below the chosen one are not written', () => {
  const { log, lines } = aLog('warn')
  log.info('quiet')
  logRequest(log, ANSWERED)
  log.warn('loud')
  expect(lines().map(({ msg }) => msg)).toEqual(['loud'])
})

test('[O21] a request line carries the seven facts and nothing that was handed over with them', () => {
  const { log, lines, text } = aLog()
  const more = {
    ...ANSWERED,
    url: '/identitypools/x?syncSessionToken=SECRET',
    headers: { authorization: 'SECRET' },
    body: 'SECRET',
    err: new Error('SECRET'),
  }
  logRequest(log, more)
  expect(lines()).toEqual([{ level: 'info', time: expect.any(String), msg: 'answered', ...ANSWERED, ms: 1.235 }])
  expect(text()).not.toContain('SECRET')
})

test('[O21] an operation or code that is not in the closed tables is logged as unknown', () => {
  const { log, lines } = aLog()
  logRequest(log, { ...ANSWERED, operation: 'SECRET', code: 'SECRET' })
  expect(lines()).toEqual([expect.objectContaining({ operation: 'unknown', code: 'unknown' })])
})

test('[O21] an answer that is our fault is an error, a refusal is not, and a probe is of little interest', () => {
  const { log, lines } = aLog('debug')
  logRequest(log, { ...ANSWERED, status: 503, code: 'ServiceUnavailable' })
  logRequest(log, { ...ANSWERED, status: 403, code: 'InvalidSignature' })
  logRequest(log, { ...ANSWERED, operation: 'Health' })
  expect(lines().map(({ level }) => level)).toEqual(['error', 'info', 'debug'])
})

test('[PL13] that a server is not ready, as while it stops, is no error each time that a balancer looks', () => {
  const { log, lines } = aLog('debug')
  logRequest(log, { ...ANSWERED, operation: 'Health', status: 503, code: 'ServiceUnavailable' })
  logRequest(log, { ...ANSWERED, operation: 'Health', status: 500, code: 'InternalError' })
  expect(lines().map(({ level }) => level)).toEqual(['debug', 'error'])
})

test('[O20] an error is logged without the values that it happened with', () => {
  const { log, text, lines } = aLog()
  const query = Object.assign(new Error("UNIQUE failed: 'SECRET'"), {
    name: 'QueryFailedError',
    query: 'INSERT … SECRET',
    parameters: ['SECRET'],
    driverError: { code: 'SQLITE_CONSTRAINT', detail: 'SECRET' },
  })
  log.error({ err: query }, 'a query failed')
  log.error({ cause: new SyntaxError(`Unexpected token 'S', "SECRET" is not valid JSON`) }, 'a text was no JSON')
  expect(text()).not.toContain('SECRET')
  expect(lines()[0]).toMatchObject({ err: { name: 'QueryFailedError', code: 'SQLITE_CONSTRAINT' } })
})

test('[O20] what Nest says becomes lines of the same log, its set-up notes at debug, objects and values left out', () => {
  const { log, lines, text } = aLog('debug')
  const nest = new NestLog(log)
  nest.log('AppModule dependencies initialized', 'InstanceLoader')
  nest.error('it broke', 'Error: SECRET\n    at x', 'ExceptionsHandler')
  nest.error(new Error('it broke too'))
  nest.warn({ password: 'SECRET' }, 'Router')
  expect(lines()).toEqual([
    expect.objectContaining({ level: 'debug', from: 'InstanceLoader', msg: 'AppModule dependencies initialized' }),
    expect.objectContaining({ level: 'error', from: 'ExceptionsHandler', msg: 'it broke' }),
    expect.objectContaining({ level: 'error', err: expect.objectContaining({ name: 'Error' }) }),
    expect.objectContaining({ level: 'warn', from: 'Router', msg: 'Nest reports an object' }),
  ])
  expect(text()).not.toContain('SECRET')
})
