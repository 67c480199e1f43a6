import { Controller, Delete, Post, Req } from '@nestjs/common'
import { faultInTextMember } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import { CurrentCaller } from '../../access/signing-rule.js'
import { refuse } from '../../refusal.js'
import { member, parseJsonObject } from '../http/parse-json.js'
import { deviceIn, identityIn } from './path-ids.js'
import { refuseMember } from './refuse-member.js'
import { bodyOf, refuseUnlessMayTouch, SyncCall } from './sync-call.js'

const PUSH_TOKEN_LENGTH_MAX = 4_096
const PLATFORMS: readonly unknown[] = ['APNS', 'APNS_SANDBOX', 'GCM', 'ADM']

/** Push synchronization; it is not set up on this server, and says so as the service does for such a pool (F16). */
@Controller('identitypools/:pool')
export class DeviceController {
  @Post('identity/:identity/device')
  @SyncCall('RegisterDevice')
  registerDevice(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest): never {
    const path = identityIn(request)
    refuseUnlessMayTouch(caller, 'RegisterDevice', path)
    const sent = parseJsonObject(bodyOf(request))
    const platform = member(sent, 'Platform')
    if (platform === undefined) refuseMember('platform', undefined, 'Member must not be null')
    if (!PLATFORMS.includes(platform)) {
      refuseMember('platform', platform, `Member must satisfy enum value set: [${PLATFORMS.join(', ')}]`)
    }
    const token = member(sent, 'Token')
    const fault = faultInTextMember(token, { max: PUSH_TOKEN_LENGTH_MAX })
    if (fault !== null) refuseMember('token', token === undefined ? undefined : {}, fault)
    return refusePush()
  }

  @Post('identities/:identity/datasets/:dataset/subscriptions/:device')
  @SyncCall('SubscribeToDataset')
  subscribeToDataset(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest): never {
    refuseUnlessMayTouch(caller, 'SubscribeToDataset', deviceIn(request))
    return refusePush()
  }

  @Delete('identities/:identity/datasets/:dataset/subscriptions/:device')
  @SyncCall('UnsubscribeFromDataset')
  unsubscribeFromDataset(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest): never {
    refuseUnlessMayTouch(caller, 'UnsubscribeFromDataset', deviceIn(request))
    return refusePush()
  }
}

const refusePush = (): never => refuse('InvalidConfiguration', 'push synchronization is not set up on this server')
