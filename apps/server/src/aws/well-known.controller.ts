import { Controller, Get, Header, Inject } from '@nestjs/common'
import { Unsigned } from '../access/signing-rule.js'
import { KEYS_KEPT_MS } from '../domain/signing-times.js'
import type { OpenIdDiscovery } from '../identity/openid-discovery.js'
import { OPENID_DISCOVERY } from './root-tokens.js'

/** How long a verifier may keep the document, which never changes while a server runs. */
const CACHE = 'public, max-age=300'
/** How long it may keep the keys: so that it reads each of them before its first token (KR5). */
const KEYS_CACHE = `public, max-age=${KEYS_KEPT_MS / 1_000}`

@Controller('.well-known')
export class WellKnownController {
  constructor(@Inject(OPENID_DISCOVERY) private readonly discovery: OpenIdDiscovery) {}

  @Get('openid-configuration')
  @Unsigned()
  @Header('content-type', 'application/json')
  @Header('cache-control', CACHE)
  configuration(): object {
    return this.discovery.document()
  }

  /** The key set itself, at the path where AWS has it. */
  @Get('jwks_uri')
  @Unsigned()
  @Header('content-type', 'application/json')
  @Header('cache-control', KEYS_CACHE)
  keySet(): Promise<object> {
    return this.discovery.keySet()
  }
}
