import { Controller, Delete, Get, Inject, Post, Req } from '@nestjs/common'
import type { DatasetPath } from '@satchel/protocol'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../access/caller.js'
import { CurrentCaller } from '../../access/signing-rule.js'
import { Datasets } from '../../datasets/datasets.js'
import { Directory } from '../../datasets/directory.js'
import { datasetAnswer, listRecordsAnswer, recordAnswer } from './answers.js'
import { refuseUnknownIdentity } from './existence.js'
import { datasetIn } from './path-ids.js'
import { Query } from './query.js'
import { refuseMember } from './refuse-member.js'
import { refuseOutcome } from './refuse-outcome.js'
import { bodyOf, refuseUnlessMayTouch, SyncCall } from './sync-call.js'
import { parseUpdateRecords } from './update-records-body.js'

/** The header is documented as meant for LastModifiedBy and does nothing; it is only bounded. */
const CLIENT_CONTEXT_LENGTH_MAX = 4_096

/** What a device does with one dataset. */
@Controller('identitypools/:pool/identities/:identity/datasets/:dataset')
export class DatasetController {
  constructor(
    @Inject(Datasets) private readonly datasets: Datasets,
    @Inject(Directory) private readonly directory: Directory,
  ) {}

  @Get('records')
  @SyncCall('ListRecords')
  async listRecords(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const path = datasetIn(request)
    refuseUnlessMayTouch(caller, 'ListRecords', path)
    const query = new Query(request.query)
    const asked = {
      since: query.syncCount('lastSyncCount'),
      limit: query.limit('maxResults', this.datasets.recordsPerPageMax),
      nextToken: query.token('nextToken'),
      sessionToken: query.token('syncSessionToken'),
    }
    await refuseUnknownIdentity(this.directory, caller, path)
    const listing = await this.datasets.listRecords(path, asked)
    return listing.kind === 'listed' ? listRecordsAnswer(listing) : refuseOutcome(listing, { caller, path })
  }

  @Post()
  @SyncCall('UpdateRecords')
  async updateRecords(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const path = datasetIn(request)
    refuseUnlessMayTouch(caller, 'UpdateRecords', path)
    refuseLongClientContext(request)
    const { batch, sessionToken, device } = parseUpdateRecords(bodyOf(request))
    const answer = await this.datasets.update(path, { batch, sessionToken, device, by: device ?? nameOf(caller) })
    if (answer.kind !== 'accepted') return refuseOutcome(answer, { caller, path })
    return { Records: answer.written.map(recordAnswer) }
  }

  @Get()
  @SyncCall('DescribeDataset')
  async describeDataset(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const path = datasetIn(request)
    refuseUnlessMayTouch(caller, 'DescribeDataset', path)
    await refuseUnknownIdentity(this.directory, caller, path)
    const dataset = await this.datasets.describe(path)
    if (dataset === null) return refuseOutcome({ kind: 'missing' }, { caller, path })
    return { Dataset: datasetAnswer(path.identity, dataset) }
  }

  @Delete()
  @SyncCall('DeleteDataset')
  async deleteDataset(@CurrentCaller() caller: Caller, @Req() request: FastifyRequest) {
    const path: DatasetPath = datasetIn(request)
    refuseUnlessMayTouch(caller, 'DeleteDataset', path)
    const answer = await this.datasets.delete(path, nameOf(caller))
    if (answer.kind !== 'deleted') return refuseOutcome(answer, { caller, path })
    return { Dataset: datasetAnswer(path.identity, answer.before) }
  }
}

/** Who is recorded as the writer when no device is named (F11). */
const nameOf = (caller: Caller): string => (caller.kind === 'account' ? caller.accountId : caller.identity)

function refuseLongClientContext({ headers }: FastifyRequest): void {
  const context = headers['x-amz-client-context']
  if (context === undefined || context.length <= CLIENT_CONTEXT_LENGTH_MAX) return
  const fault = `Member must have length less than or equal to ${CLIENT_CONTEXT_LENGTH_MAX}`
  refuseMember('clientContext', {}, fault)
}
