import type { Login } from '../api.js'
import { ConnectionFault } from '../transport/transport.js'
import type { Authentication, IdentityProvider } from './identity-provider.js'

/**
 * Gets the tokens of a signed-in user from the app's login. A login that fails is tried again, since its backend may be out of reach;
 * a `ConnectionFault` that it throws is taken at its word.
 */
export class LoginProvider implements IdentityProvider {
  constructor(private readonly login: Login) {}

  /** `guest` is the one that the device was so far, for the backend to link; null for none. */
  async authenticate(guest: string | null): Promise<Authentication> {
    const { identityId, token } = await this.#asked(guest)
    if (typeof identityId !== 'string' || typeof token !== 'string') {
      throw new ConnectionFault('refused', "the app's login answered without an identity and a token")
    }
    return { identity: identityId, token, guest: false }
  }

  async #asked(guest: string | null): ReturnType<Login> {
    try {
      return await this.login({ guest })
    } catch (fault) {
      if (fault instanceof ConnectionFault) throw fault
      throw new ConnectionFault(
        'unreachable',
        `the app's login failed: ${fault instanceof Error ? fault.message : String(fault)}`,
      )
    }
  }
}
