import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse } from 'node:querystring'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Limits } from '@satchel/protocol'
import type { Logger } from 'pino'
import type { TrustedProxies } from '../../access/trusted-proxies.js'
import { Refusal } from '../../refusal.js'
import type { Clock } from '../../runtime/clock.js'
import type { Random } from '../../runtime/random.js'
import { answerBrokenConnection } from './answer-broken-connection.js'
import { answerError } from './answer-error.js'
import { answerPreflight, setAnswerHeaders } from './answer-headers.js'
import { BodyReader } from './body-reader.js'
import { syncErrorAnswer } from './error-answer.js'
import { faceOf } from './face-of.js'
import type { OriginRule } from './origin-rule.js'
import { PATH_PART_LENGTH_MAX } from './refusal-of.js'
import './request-facts.js'

/** How long a sender may take, milliseconds. */
export type Patience = Readonly<{
  /** For the request line and all headers. */
  headers: number
  /** For the whole request. */
  request: number
  /** For a connection on which nothing moves, in either direction. */
  silence: number
  /** How often the first two are looked at. */
  checkEvery: number
}>

const PATIENCE: Patience = { headers: 15_000, request: 60_000, silence: 90_000, checkEvery: 5_000 }

/** Largest body on the root path, where anybody may send one: ten tokens of the longest kind, and their names. */
export const ROOT_BODY_BYTES_MAX = 1_048_576

/** Bodies still on their way, all together. */
const BYTES_UNDERWAY_MAX = 256 * 1_048_576

const CONNECTIONS_MAX = 10_000

export type HttpOptions = Readonly<{
  limits: Limits
  origins: OriginRule
  proxies: TrustedProxies
  clock: Clock
  random: Random
  log: Logger
  patience?: Partial<Patience>
  bytesUnderwayMax?: number
  /** True once the server is about to end: connections are then ended with their answers. */
  leaving?: () => boolean
}>

/**
 * Fastify under Nest, set up so that whatever arrives is answered in AWS form: bodies stay the bytes that were signed,
 * whatever type they claim; broken URLs, broken HTTP and slow senders are answered too. Create the application
 * with `bodyParser: false` on it.
 */
export function createHttpAdapter(options: HttpOptions): FastifyAdapter {
  const { random, clock, origins, proxies, log } = options
  const patience = { ...PATIENCE, ...options.patience }
  const adapter = new FastifyAdapter({
    logger: false,
    skipMiddie: true, // no Express-style middleware here, so nothing to pay for it
    exposeHeadRoutes: false,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    return503OnClosing: false, // what still comes on an open connection is answered like the rest, and the connection ends
    genReqId: () => random.uuid(),
    rewriteUrl: overrideMethod,
    routerOptions: { maxParamLength: PATH_PART_LENGTH_MAX, querystringParser: parseQuery },
    requestTimeout: patience.request,
    connectionTimeout: patience.silence,
    // A request without a Host is answered by us, in AWS form.
    http: {
      requireHostHeader: false,
      headersTimeout: patience.headers,
      connectionsCheckingInterval: patience.checkEvery,
    },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      setAnswerHeaders(request, reply, origins)
      answerError(error, request, reply, log)
    },
    clientErrorHandler: (error, socket) => answerBrokenConnection(error, socket, { clock, random }),
  })

  const fastify = adapter.getInstance()
  const bodies = new BodyReader(options.bytesUnderwayMax ?? BYTES_UNDERWAY_MAX)
  const bytesMaxOfSync = bytesPerBodyMax(options.limits)
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', (request, payload, done) => {
    const face = faceOf(request.raw)
    const bytesMax = face === 'sync' || face === 'live' ? bytesMaxOfSync : ROOT_BODY_BYTES_MAX
    bodies.read(payload, bytesMax, done)
  })
  fastify.decorateRequest('clientAddress', {
    getter() {
      return proxies.addressOf(this.raw)
    },
  })
  fastify.addHook('onRequest', (request, reply, done) => {
    setAnswerHeaders(request, reply, origins)
    // Politely, so that its next request goes elsewhere and none is lost.
    if (options.leaving?.() === true) reply.header('connection', 'close')
    if (request.method === 'OPTIONS') return answerPreflight(reply)
    done(refusedByHeaders(request, origins) ?? undefined)
  })
  fastify.server.maxConnections = CONNECTIONS_MAX
  fastify.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const refused = { code: 'Serialization', message: 'only Expect: 100-continue is supported' } as const
    const { status, headers, body } = syncErrorAnswer(refused, random.uuid())
    const length = { 'content-length': Buffer.byteLength(body), connection: 'close' }
    response.writeHead(status, { ...headers, ...length }).end(body)
  })
  return adapter
}

/** No route has a schema; without a compiler of our own Fastify loads two that are of no use here at every start. */
function noSchemas(): never {
  throw new Error('routes have no schemas here')
}

/**
 * A full UpdateRecords has to pass: a dataset of control characters is six times as long in JSON, and every patch
 * brings its member names along (H7).
 */
export const bytesPerBodyMax = ({ bytesPerDatasetMax, recordsPerDatasetMax }: Limits): number =>
  6 * bytesPerDatasetMax + 512 * recordsPerDatasetMax

/**
 * A plus is a plus, as it is to whoever signed the query (A5); read as a space, another query than the signed one would
 * be acted upon.
 */
const parseQuery = (query: string): Record<string, unknown> => parse(query.replaceAll('+', '%2B'))

/** Unity's clients sign a DELETE but can only send it as POST (F8). Nothing else may be overridden. */
function overrideMethod(request: {
  method?: string | undefined
  url?: string | undefined
  headers: IncomingMessage['headers']
}): string {
  const asked = request.headers['x-http-method-override']
  if (request.method === 'POST' && asked === 'DELETE') request.method = 'DELETE'
  return request.url ?? '/'
}

/** What headers alone tell to be wrong, before anything is read (H9, H10, H14). */
function refusedByHeaders({ method, headers, raw }: FastifyRequest, origins: OriginRule): Refusal | null {
  if (headers.host === undefined && raw.httpVersion !== '1.0') {
    return new Refusal('Serialization', 'the request names no Host')
  }
  // Only browsers send an Origin, and only a browser can be led here by a stranger's page.
  if (headers.origin !== undefined && !origins.acceptsHost(headers.host ?? '')) {
    return new Refusal(
      'NotAuthorized',
      'this server listens on loopback and answers to no such host; see SATCHEL_PUBLIC_URL',
    )
  }
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new Refusal('Serialization', 'a Content-Encoding other than identity is not supported')
  }
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (hasBody && (method === 'GET' || method === 'HEAD')) {
    return new Refusal('InvalidParameter', `a ${method} request must not have a body`)
  }
  return null
}
