import { Module, type DynamicModule } from '@nestjs/common'
import type { CallerVerifier } from '../access/verify-caller.js'
import type { IdentityService } from '../identity/identity-service.js'
import type { Place } from '../identity/place.js'
import { IdentityFace } from './cognito-identity/identity-face.js'
import { RootController } from './root.controller.js'
import { IDENTITY_FACE, OPENID_DISCOVERY, STS_FACE } from './root-tokens.js'
import { StsFace } from './sts/sts-face.js'
import { WellKnownController } from './well-known.controller.js'

/** Identity pools and STS at `POST /`, and what OpenID verifiers read. */
@Module({})
export class RootModule {
  static over(parts: Readonly<{ service: IdentityService; verifier: CallerVerifier; place: Place }>): DynamicModule {
    const { service, verifier, place } = parts
    return {
      module: RootModule,
      controllers: [RootController, WellKnownController],
      providers: [
        { provide: IDENTITY_FACE, useValue: new IdentityFace(service, { verifier, place }) },
        { provide: STS_FACE, useValue: new StsFace({ webIdentity: service.webIdentity, verifier, place }) },
        { provide: OPENID_DISCOVERY, useValue: service.discovery },
      ],
    }
  }
}
