import { Module, type DynamicModule } from '@nestjs/common'
import { BEARER_VERIFIER } from '../access/bearer.js'
import type { Live } from './live.js'
import { Authentication } from './authentication.js'
import { HttpTwinController } from './http-twin.controller.js'
import { HttpWatches } from './http-watches.js'
import { LiveGateway } from './live.gateway.js'
import { LiveOperations } from './live-operations.js'
import { LiveSockets } from './live-sockets.js'

/** The native face: messages on sockets, and the same over HTTP. */
@Module({})
export class LiveModule {
  static over({ authentication, operations, sockets, watches, bearers }: Live): DynamicModule {
    return {
      module: LiveModule,
      controllers: [HttpTwinController],
      providers: [
        LiveGateway,
        { provide: Authentication, useValue: authentication },
        { provide: BEARER_VERIFIER, useValue: bearers },
        { provide: HttpWatches, useValue: watches },
        { provide: LiveOperations, useValue: operations },
        { provide: LiveSockets, useValue: sockets },
      ],
    }
  }
}
