import { Controller, Get, Inject, Post, Req } from '@nestjs/common'
import type { IdentityPoolId } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import type { SyncOperation } from '../../access/may-touch.js'
import { CurrentCaller } from '../../access/signing-rule.js'
import { PoolConnections, type SyncSettings } from '../../datasets/pool-connections.js'
import { unknownPool } from '../../identity/refusals.js'
import { StreamSettings } from '../../stream/stream-settings.js'
import { poolIn } from './path-ids.js'
import { parseConfigurationChange, parseEventsChange } from './pool-settings-body.js'
import { bodyOf, refuseUnlessMayTouch, SyncCall } from './sync-call.js'

/** How the account connects a pool's sync store to other services. */
@Controller('identitypools/:pool')
export class PoolSettingsController {
  constructor(
    @Inject(PoolConnections) private readonly connections: PoolConnections,
    @Inject(StreamSettings) private readonly streams: StreamSettings,
  ) {}

  @Get('configuration')
  @SyncCall('GetIdentityPoolConfiguration')
  async getConfiguration(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const pool = poolFor(caller, 'GetIdentityPoolConfiguration', request)
    return configurationAnswer(pool, await this.read(pool))
  }

  @Post('configuration')
  @SyncCall('SetIdentityPoolConfiguration')
  async setConfiguration(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const pool = poolFor(caller, 'SetIdentityPoolConfiguration', request)
    const changed = await this.streams.configure(pool, parseConfigurationChange(bodyOf(request)))
    return configurationAnswer(pool, existing(pool, changed))
  }

  @Get('events')
  @SyncCall('GetCognitoEvents')
  async getEvents(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const { events } = await this.read(poolFor(caller, 'GetCognitoEvents', request))
    return { Events: events }
  }

  @Post('events')
  @SyncCall('SetCognitoEvents')
  async setEvents(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest): Promise<void> {
    const pool = poolFor(caller, 'SetCognitoEvents', request)
    existing(pool, await this.connections.change(pool, parseEventsChange(bodyOf(request))))
  }

  private async read(pool: IdentityPoolId): Promise<SyncSettings> {
    return existing(pool, await this.connections.of(pool))
  }
}

/** The settings of a pool that is there. */
function existing(pool: IdentityPoolId, settings: SyncSettings | null): SyncSettings {
  if (settings === null) throw unknownPool(pool)
  return settings
}

function poolFor(caller: Caller, operation: SyncOperation, request: FastifyRequest): IdentityPoolId {
  const pool = poolIn(request)
  refuseUnlessMayTouch(caller, operation, { pool })
  return pool
}

/** What is not set is left out; DisabledReason is in the newest API reference, and there when the server switched the stream off (V55). */
const configurationAnswer = (pool: IdentityPoolId, { pushSync, cognitoStreams }: SyncSettings) => ({
  IdentityPoolId: pool,
  ...(pushSync === null ? {} : { PushSync: { ApplicationArns: pushSync.applicationArns, RoleArn: pushSync.roleArn } }),
  ...(cognitoStreams === null
    ? {}
    : {
        CognitoStreams: {
          StreamName: cognitoStreams.streamName,
          RoleArn: cognitoStreams.roleArn,
          StreamingStatus: cognitoStreams.streamingStatus,
          ...(cognitoStreams.disabledReason === null ? {} : { DisabledReason: cognitoStreams.disabledReason }),
        },
      }),
})
