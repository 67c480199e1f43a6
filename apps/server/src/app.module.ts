import { Module, type DynamicModule } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { SignedGuard } from './access/signed.guard.js'
import { CognitoSyncModule } from './aws/cognito-sync/cognito-sync.module.js'
import { RootModule } from './aws/root.module.js'
import { DemoController } from './ops/demo.controller.js'
import { DemoPage } from './ops/demo-page.js'
import { OpsController } from './ops/ops.controller.js'
import { OpsPages } from './ops/ops-pages.js'
import type { Services } from './services.js'

export type AppParts = Readonly<{
  services: Services
  /** Health and metrics here as well, because they have no port of their own. */
  servesOps: boolean
  /** null: `/` is no page. */
  demoPage: DemoPage | null
}>

/** All that answers on the main port, behind one guard that lets nobody in who is not let in by name. */
@Module({})
export class AppModule {
  static over({ services, servesOps, demoPage }: AppParts): DynamicModule {
    const { identity: service, verifier, place } = services
    return {
      module: AppModule,
      imports: [CognitoSyncModule.over(services), RootModule.over({ service, verifier, place })],
      controllers: [...(servesOps ? [OpsController] : []), ...(demoPage === null ? [] : [DemoController])],
      providers: [
        { provide: APP_GUARD, useValue: new SignedGuard(verifier) },
        { provide: OpsPages, useValue: services.opsPages },
        { provide: DemoPage, useValue: demoPage },
      ],
    }
  }
}
