import { Module, type DynamicModule } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { SignedGuard } from './access/signed.guard.js'
import { CognitoSyncModule } from './aws/cognito-sync/cognito-sync.module.js'
import { RootModule } from './aws/root.module.js'
import { ClientWasm } from './ops/client-wasm.js'
import { ClientWasmController } from './ops/client-wasm.controller.js'
import { LiveModule } from './live/live.module.js'
import { DemoController } from './ops/demo.controller.js'
import { DemoLogin } from './ops/demo-login.js'
import { DemoLoginController } from './ops/demo-login.controller.js'
import { DemoPage } from './ops/demo-page.js'
import { OpsController } from './ops/ops.controller.js'
import { OpsPages } from './ops/ops-pages.js'
import type { Services } from './services.js'
import { LinkedRecords } from './stream/linked-records.js'
import { LinkedRecordsController } from './stream/linked-records.controller.js'

export type AppParts = Readonly<{
  services: Services
  /** Health and metrics here as well, because they have no port of their own. */
  servesOps: boolean
  /** null: `/` is no page, and nobody signs in without a password. */
  demo: Readonly<{ page: DemoPage; login: DemoLogin }> | null
}>

/** All that answers on the main port, behind one guard that lets nobody in who is not let in by name. */
@Module({})
export class AppModule {
  static over({ services, servesOps, demo }: AppParts): DynamicModule {
    const { identity: service, verifier, place, live } = services
    return {
      module: AppModule,
      imports: [CognitoSyncModule.over(services), RootModule.over({ service, verifier, place }), LiveModule.over(live)],
      controllers: [
        ClientWasmController,
        LinkedRecordsController,
        ...(servesOps ? [OpsController] : []),
        ...(demo === null ? [] : [DemoLoginController, DemoController]),
      ],
      providers: [
        { provide: APP_GUARD, useValue: new SignedGuard(verifier) },
        { provide: LinkedRecords, useValue: services.stream.linkedRecords },
        { provide: ClientWasm, useClass: ClientWasm },
        { provide: OpsPages, useValue: services.opsPages },
        { provide: DemoPage, useValue: demo?.page },
        { provide: DemoLogin, useValue: demo?.login },
      ],
    }
  }
}
