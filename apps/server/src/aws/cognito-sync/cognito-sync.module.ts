import { Module, type DynamicModule } from '@nestjs/common'
import { Datasets } from '../../datasets/datasets.js'
import { Directory } from '../../datasets/directory.js'
import { PoolConnections } from '../../datasets/pool-connections.js'
import { BulkPublishes } from '../../stream/bulk-publishes.js'
import { StreamSettings } from '../../stream/stream-settings.js'
import { BulkPublishController } from './bulk-publish.controller.js'
import { DatasetController } from './dataset.controller.js'
import { DeviceController } from './device.controller.js'
import { IdentityController } from './identity.controller.js'
import { PoolController } from './pool.controller.js'
import { PoolSettingsController } from './pool-settings.controller.js'

/** The 17 operations of cognito-sync, as REST. */
@Module({
  controllers: [
    DatasetController,
    IdentityController,
    PoolController,
    PoolSettingsController,
    BulkPublishController,
    DeviceController,
  ],
})
export class CognitoSyncModule {
  static over(
    parts: Readonly<{
      datasets: Datasets
      directory: Directory
      connections: PoolConnections
      stream: Readonly<{ settings: StreamSettings; bulkPublishes: BulkPublishes }>
    }>,
  ): DynamicModule {
    return {
      module: CognitoSyncModule,
      providers: [
        { provide: Datasets, useValue: parts.datasets },
        { provide: Directory, useValue: parts.directory },
        { provide: PoolConnections, useValue: parts.connections },
        { provide: StreamSettings, useValue: parts.stream.settings },
        { provide: BulkPublishes, useValue: parts.stream.bulkPublishes },
      ],
    }
  }
}
