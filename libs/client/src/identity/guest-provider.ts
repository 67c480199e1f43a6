import { errorCodes, type ErrorCode, type WireError } from '@satchel/protocol'
import { jsonIn, post, retryAfterMsIn } from '../transport/post-json.js'
import { ConnectionFault } from '../transport/transport.js'
import type { Authentication, IdentityProvider } from './identity-provider.js'

/**
 * Makes a guest, and gets a guest's tokens. A guest that the server does not know any more, or not as a guest, is a fault of kind
 * `refused`: the app, or the client, has to decide who goes on.
 */
export class GuestProvider implements IdentityProvider {
  constructor(private readonly server: Readonly<{ endpoint: string; pool: string }>) {}

  async authenticate(known: string | null): Promise<Authentication> {
    const identity = known ?? (await this.#ask('GetId', { IdentityPoolId: this.server.pool }, 'IdentityId'))
    const token = await this.#ask('GetOpenIdToken', { IdentityId: identity }, 'Token')
    return { identity, token, guest: true }
  }

  /** Calls an operation of the identity face, and answers the one member that is asked of it. */
  async #ask(operation: string, body: object, member: string): Promise<string> {
    const { endpoint } = this.server
    const posted = await post(endpoint, {
      body,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSCognitoIdentityService.${operation}`,
      },
    })
    const answer = jsonIn(posted) as Record<string, unknown> | null | undefined
    const found = answer?.[member]
    if (posted.status === 200 && typeof found === 'string') return found
    const code = codeOf(answer?.['__type'])
    if (code === null) {
      throw new ConnectionFault(
        'not-satchel',
        `${endpoint} answers ${operation} with ${posted.status}, as no Satchel server does`,
      )
    }
    const message = typeof answer?.['message'] === 'string' ? answer['message'] : code
    const error: WireError = { code, message, retryAfterMs: retryAfterMsIn(posted) }
    throw new ConnectionFault('refused', `${operation}: ${message}`, error)
  }
}

/** Our code for the name by which AWS clients know it; null for no such name. */
function codeOf(type: unknown): ErrorCode | null {
  for (const code of Object.keys(errorCodes) as ErrorCode[]) if (errorCodes[code].aws === type) return code
  return null
}
