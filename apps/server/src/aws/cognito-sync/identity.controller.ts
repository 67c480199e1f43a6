import { Controller, Get, Inject, Req } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import { CurrentCaller } from '../../access/signing-rule.js'
import { Datasets } from '../../datasets/datasets.js'
import { Directory } from '../../datasets/directory.js'
import { datasetAnswer, identityUsageAnswer } from './answers.js'
import { refuseUnknownIdentity } from './existence.js'
import { identityIn } from './path-ids.js'
import { Query } from './query.js'
import { refuseOutcome } from './refuse-outcome.js'
import { refuseUnlessMayTouch, SyncCall } from './sync-call.js'

const PAGE_DATASETS_DEFAULT = 64
const PAGE_DATASETS_MAX = 1_024

/** What can be asked about one identity. */
@Controller('identitypools/:pool/identities/:identity')
export class IdentityController {
  constructor(
    @Inject(Datasets) private readonly datasets: Datasets,
    @Inject(Directory) private readonly directory: Directory,
  ) {}

  @Get()
  @SyncCall('DescribeIdentityUsage')
  async describeIdentityUsage(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const path = identityIn(request)
    refuseUnlessMayTouch(caller, 'DescribeIdentityUsage', path)
    await refuseUnknownIdentity(this.directory, caller, path)
    return { IdentityUsage: identityUsageAnswer(path, await this.datasets.identityUsage(path)) }
  }

  @Get('datasets')
  @SyncCall('ListDatasets')
  async listDatasets(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const path = identityIn(request)
    refuseUnlessMayTouch(caller, 'ListDatasets', path)
    const query = new Query(request.query)
    const limit = query.limit('maxResults', PAGE_DATASETS_MAX) ?? PAGE_DATASETS_DEFAULT
    const nextToken = query.token('nextToken')
    await refuseUnknownIdentity(this.directory, caller, path)
    const listing = await this.datasets.list(path, { limit, nextToken })
    if (listing.kind !== 'listed') return refuseOutcome(listing, { caller, path })
    return {
      Datasets: listing.datasets.map((dataset) => datasetAnswer(path.identity, dataset)),
      Count: listing.datasets.length,
      ...(listing.nextToken === null ? {} : { NextToken: listing.nextToken }),
    }
  }
}
