import type { PublicJwk } from './new-signing-key.js'
import type { SigningKeys } from './signing-keys.js'

/** What others read to verify our tokens: the key set, and the document that leads to it (SPEC J10). */
export class OpenIdDiscovery {
  constructor(private readonly deps: Readonly<{ keys: SigningKeys; issuer: () => string }>) {}

  async keySet(): Promise<Readonly<{ keys: readonly PublicJwk[] }>> {
    return { keys: await this.deps.keys.published() }
  }

  document(): object {
    const issuer = this.deps.issuer()
    return {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks_uri`,
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS512'],
    }
  }
}
