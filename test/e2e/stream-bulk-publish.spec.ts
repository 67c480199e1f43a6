import {
  AlreadyStreamedException,
  DuplicateRequestException,
  InvalidParameterException,
  ResourceNotFoundException,
} from '@aws-sdk/client-cognito-sync'
import { aGuest, REGION } from '../support/a-pool.js'
import { eventually } from '../support/eventually.js'
import { exchange } from '../support/http-exchange.js'
import { onModelledSite, put, refusal, WITHIN_MS } from '../support/stream/modelled-site.js'

const ABSENT_POOL = `${REGION}:00000000-0000-4000-8000-00000000dead`

const on = onModelledSite()
const { aTopic, enable, write, arrived } = on

describe('bulk publish', () => {
  const details = () => on.sync.getBulkPublishDetails({ IdentityPoolId: on.pool })

  test('[V56, V57] goes through its states, one at a time and once a day', async () => {
    const topic = aTopic()
    const guests = [await aGuest(on.site.running, on.pool), await aGuest(on.site.running, on.pool)]
    for (const guest of guests) await write(guest, put('k', guest.identity))
    expect(await details()).toMatchObject({ IdentityPoolId: on.pool, BulkPublishStatus: 'NOT_STARTED' })
    const fault = await refusal(on.sync.bulkPublish({ IdentityPoolId: on.pool }))
    expect(fault).toBeInstanceOf(InvalidParameterException)
    expect(fault.message).toBe(`streams are not enabled for the identity pool '${on.pool}'`)

    await enable(topic)
    on.site.kafka.pause()
    expect((await on.sync.bulkPublish({ IdentityPoolId: on.pool })).IdentityPoolId).toBe(on.pool)
    const underway = await details()
    expect(underway).toMatchObject({ BulkPublishStatus: 'IN_PROGRESS', BulkPublishStartTime: expect.any(Date) })
    expect(underway.BulkPublishCompleteTime).toBeUndefined()
    expect(await refusal(on.sync.bulkPublish({ IdentityPoolId: on.pool }))).toBeInstanceOf(DuplicateRequestException)

    on.site.kafka.resume()
    const done = await eventually(async () => {
      const now = await details()
      expect(now.BulkPublishStatus).toBe('SUCCEEDED')
      return now
    }, WITHIN_MS)
    expect(done.BulkPublishCompleteTime!.getTime()).toBeGreaterThanOrEqual(done.BulkPublishStartTime!.getTime())
    expect(done.FailureMessage).toBeUndefined()
    const messages = await arrived(topic, 2)
    expect(messages.map(({ key }) => key).sort()).toEqual(guests.map(({ identity }) => identity).sort())
    expect(messages[0]).toMatchObject({ headers: { type: 'snapshot' }, value: { operation: 'replace', syncCount: 1 } })
    const again = await refusal(on.sync.bulkPublish({ IdentityPoolId: on.pool }))
    expect(again).toBeInstanceOf(AlreadyStreamedException)
    expect(again.message).toMatch(/it can be again from \d{4}-\d\d-\d\dT/)
  })

  test('[V59] fails with a sentence when the stream is switched off meanwhile, and may then begin again', async () => {
    const topic = aTopic()
    const guest = await aGuest(on.site.running, on.pool)
    await write(guest, put('k', 'v'))
    await enable(topic)
    on.site.kafka.pause()
    await on.sync.bulkPublish({ IdentityPoolId: on.pool })
    await enable(topic, 'DISABLED')
    const failed = await eventually(async () => {
      const now = await details()
      expect(now.BulkPublishStatus).toBe('FAILED')
      return now
    }, WITHIN_MS)
    on.site.kafka.resume()
    expect(failed.FailureMessage).toBe('the stream of the identity pool was switched off meanwhile')
    expect(failed.BulkPublishCompleteTime).toBeUndefined()
    await enable(topic)
    await on.sync.bulkPublish({ IdentityPoolId: on.pool })
    await eventually(async () => expect((await details()).BulkPublishStatus).toBe('SUCCEEDED'), WITHIN_MS)
  })

  test('[V57] a pool that does not exist is not found', async () => {
    for (const call of [
      on.sync.bulkPublish({ IdentityPoolId: ABSENT_POOL }),
      on.sync.getBulkPublishDetails({ IdentityPoolId: ABSENT_POOL }),
    ]) {
      expect(await refusal(call)).toBeInstanceOf(ResourceNotFoundException)
    }
  })

  test('[V60] is counted', async () => {
    const { text } = await exchange(on.site.running.url, { target: '/metrics' })
    expect(text).toMatch(/^satchel_bulk_publish_datasets_total [1-9]/m)
    expect(text).toMatch(/^satchel_bulk_publish_in_progress \d/m)
  })
})
