import { Controller, Get, Inject, Req } from '@nestjs/common'
import { parseIdentityPoolId, type IdentityPoolId } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import { CurrentCaller } from '../../access/signing-rule.js'
import { Datasets } from '../../datasets/datasets.js'
import { Directory } from '../../datasets/directory.js'
import { refuse } from '../../refusal.js'
import { poolUsageAnswer } from './answers.js'
import { refuseUnknownPool } from './existence.js'
import { poolIn } from './path-ids.js'
import { Query } from './query.js'
import { refuseUnlessMayTouch, SyncCall } from './sync-call.js'

const PAGE_POOLS_DEFAULT = 60
const PAGE_POOLS_MAX = 1_000

/** What the account asks about its pools. */
@Controller('identitypools')
export class PoolController {
  constructor(
    @Inject(Datasets) private readonly datasets: Datasets,
    @Inject(Directory) private readonly directory: Directory,
  ) {}

  @Get()
  @SyncCall('ListIdentityPoolUsage')
  async listIdentityPoolUsage(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    refuseUnlessMayTouch(caller, 'ListIdentityPoolUsage', {})
    const query = new Query(request.query)
    const limit = query.limit('maxResults', PAGE_POOLS_MAX) ?? PAGE_POOLS_DEFAULT
    const found = await this.directory.poolsAfter(poolOfPage(query.token('nextToken')), limit + 1)
    const pools = found.slice(0, limit)
    const last = pools.at(-1)
    const usages = await Promise.all(pools.map((pool) => this.datasets.poolUsage(pool)))
    return {
      IdentityPoolUsages: usages.map(poolUsageAnswer),
      MaxResults: limit,
      Count: usages.length,
      ...(found.length > limit && last !== undefined ? { NextToken: pageAfter(last) } : {}),
    }
  }

  @Get(':pool')
  @SyncCall('DescribeIdentityPoolUsage')
  async describeIdentityPoolUsage(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const pool = poolIn(request)
    refuseUnlessMayTouch(caller, 'DescribeIdentityPoolUsage', { pool })
    await refuseUnknownPool(this.directory, pool)
    return { IdentityPoolUsage: poolUsageAnswer(await this.datasets.poolUsage(pool)) }
  }
}

/** The account may see every pool, so its page token need not be sealed; AWS's is the same. */
const pageAfter = (last: IdentityPoolId): string => Buffer.from(last, 'utf8').toString('base64')

function poolOfPage(token: string | null): string {
  if (token === null) return ''
  const pool = parseIdentityPoolId(Buffer.from(token, 'base64').toString('utf8'))
  return pool.ok ? pool.value : refuse('InvalidParameter', 'NextToken not valid for these inputs')
}
