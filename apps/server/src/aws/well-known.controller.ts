import { Controller, Get, Header, Inject } from '@nestjs/common'
import { Unsigned } from '../access/signing-rule.js'
import type { OpenIdDiscovery } from '../identity/openid-discovery.js'
import { OPENID_DISCOVERY } from './root-tokens.js'

/** How long a verifier may keep what it read; far shorter than a key is published before its first token. */
const CACHE = 'public, max-age=300'

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
  @Header('cache-control', CACHE)
  keySet(): Promise<object> {
    return this.discovery.keySet()
  }
}
