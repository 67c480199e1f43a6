import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { operationNames, UNKNOWN_OPERATION } from '../../ops/operation-names.js'
import type { RequestFacts } from '../../ops/request-log.js'
import './request-facts.js'

/** Tells of every request once its answer is sent. */
export function observeAnswers(fastify: FastifyInstance, observe: (facts: RequestFacts) => void): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    observe(factsOf(request, reply))
    done()
  })
}

const factsOf = (request: FastifyRequest, reply: FastifyReply): RequestFacts => ({
  requestId: request.id,
  method: request.method,
  operation: operationOf(request),
  status: reply.statusCode,
  code: request.refusedWith ?? 'OK',
  ms: reply.elapsedTime,
  bytes: Number(reply.getHeader('content-length') ?? 0),
})

/** The route's own name, else what the root path's handler found, else what the header of that face says. */
function operationOf(request: FastifyRequest): string {
  const { url, config } = request.routeOptions
  const ofRoute = config.operation ?? request.operation ?? operationsByRoute.get(url ?? '')
  if (ofRoute !== undefined) return ofRoute
  if (request.method === 'OPTIONS') return 'Preflight'
  const target = request.headers['x-amz-target']
  const name = typeof target === 'string' ? target.slice(target.indexOf('.') + 1) : ''
  // Callers must not be able to make up names that then stand in our logs.
  return operationNames.has(name) ? name : UNKNOWN_OPERATION
}

/** Routes that are no operation of an AWS service. */
const operationsByRoute: ReadonlyMap<string, string> = new Map([
  ['/.well-known/jwks_uri', 'OpenIdKeys'],
  ['/.well-known/openid-configuration', 'OpenIdConfiguration'],
  ['/demo/:file', 'Demo'],
  ['/sync/v1/sql-wasm-browser.wasm', 'ClientWasm'],
  ['/health/live', 'Health'],
  ['/health/ready', 'Health'],
  ['/metrics', 'Metrics'],
])
