import { Controller, Inject, Post, Req } from '@nestjs/common'
import type { IdentityPoolId } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import { CurrentCaller } from '../../access/signing-rule.js'
import { Directory } from '../../datasets/directory.js'
import { unknownPool } from '../../identity/refusals.js'
import { refuse } from '../../refusal.js'
import { BulkPublishes, type BeginAnswer, type BulkPublish } from '../../stream/bulk-publishes.js'
import { STREAMS_OFF } from '../../stream/stream-settings.js'
import { epochSeconds } from './epoch-seconds.js'
import { refuseUnknownPool } from './existence.js'
import { poolIn } from './path-ids.js'
import { refuseUnlessMayTouch, SyncCall } from './sync-call.js'

/** How the account has all datasets of a pool published to its stream. */
@Controller('identitypools/:pool')
export class BulkPublishController {
  constructor(
    @Inject(BulkPublishes) private readonly bulkPublishes: BulkPublishes,
    @Inject(Directory) private readonly directory: Directory,
  ) {}

  @Post('bulkpublish')
  @SyncCall('BulkPublish')
  async bulkPublish(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const pool = poolIn(request)
    refuseUnlessMayTouch(caller, 'BulkPublish', { pool })
    refuseUnlessBegun(await this.bulkPublishes.begin(pool), pool)
    return { IdentityPoolId: pool }
  }

  @Post('getBulkPublishDetails')
  @SyncCall('GetBulkPublishDetails')
  async getBulkPublishDetails(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const pool = poolIn(request)
    refuseUnlessMayTouch(caller, 'GetBulkPublishDetails', { pool })
    await refuseUnknownPool(this.directory, pool)
    return detailsAnswer(pool, await this.bulkPublishes.newest(pool))
  }
}

function refuseUnlessBegun(answer: BeginAnswer, pool: IdentityPoolId): void {
  switch (answer.kind) {
    case 'begun':
      return
    case 'no-pool':
      throw unknownPool(pool)
    case 'no-kafka':
      return refuse('InvalidParameter', STREAMS_OFF)
    case 'not-streaming': {
      const why = answer.reason === null ? '' : `; the server switched its stream off: ${answer.reason}`
      return refuse('InvalidParameter', `streams are not enabled for the identity pool '${pool}'${why}`)
    }
    case 'in-progress':
      return refuse('DuplicateRequest', `a bulk publish of the identity pool '${pool}' is in progress`)
    case 'too-soon':
      return refuse(
        'AlreadyStreamed',
        `the identity pool '${pool}' was published in bulk until ${iso(answer.completedAt)}; it can be again from ${iso(answer.againAt)} on`,
      )
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** A complete time only after success, a failure message only after failure (V56). */
const detailsAnswer = (pool: IdentityPoolId, bulk: BulkPublish | null) => ({
  IdentityPoolId: pool,
  BulkPublishStatus: bulk?.status ?? 'NOT_STARTED',
  ...(bulk === null ? {} : { BulkPublishStartTime: epochSeconds(bulk.startedAt) }),
  ...(typeof bulk?.completedAt === 'number' ? { BulkPublishCompleteTime: epochSeconds(bulk.completedAt) } : {}),
  ...(typeof bulk?.failure === 'string' ? { FailureMessage: bulk.failure } : {}),
})
