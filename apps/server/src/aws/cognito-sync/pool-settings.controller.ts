import { Controller, Get, Inject, Post, Req } from '@nestjs/common'
import type { IdentityPoolId } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import type { SyncOperation } from '../../access/may-touch.js'
import { CurrentCaller } from '../../access/signing-rule.js'
import { PoolConnections, type SyncSettings } from '../../datasets/pool-connections.js'
import { unknownPool } from '../../identity/refusals.js'
import { poolIn } from './path-ids.js'
import { parseConfigurationChange, parseEventsChange, type SettingsChange } from './pool-settings-body.js'
import { bodyOf, refuseUnlessMayTouch, SyncCall } from './sync-call.js'

/** How the account connects a pool's sync store to other services. */
@Controller('identitypools/:pool')
export class PoolSettingsController {
  constructor(@Inject(PoolConnections) private readonly connections: PoolConnections) {}

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
    return configurationAnswer(pool, await this.change(pool, parseConfigurationChange(bodyOf(request))))
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
    await this.change(pool, parseEventsChange(bodyOf(request)))
  }

  private async read(pool: IdentityPoolId): Promise<SyncSettings> {
    const held = await this.connections.of(pool)
    if (held === null) throw unknownPool(pool)
    return held
  }

  private async change(pool: IdentityPoolId, change: SettingsChange): Promise<SyncSettings> {
    const changed = await this.connections.change(pool, change)
    if (changed === null) throw unknownPool(pool)
    return changed
  }
}

function poolFor(caller: Caller, operation: SyncOperation, request: FastifyRequest): IdentityPoolId {
  const pool = poolIn(request)
  refuseUnlessMayTouch(caller, operation, { pool })
  return pool
}

/** What is not set is left out. */
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
        },
      }),
})
