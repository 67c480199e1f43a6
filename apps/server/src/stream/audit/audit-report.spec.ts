import { auditJson, auditReport } from './audit-report.js'
import { STREAM, StreamingSite } from './testing/streaming-site.js'

let site: StreamingSite

beforeEach(() => {
  site = new StreamingSite()
})

test('[V75] a report says what was looked at and that nothing is wrong', async () => {
  const rows = site.published(3)
  site.send(rows[2]!)
  const report = auditReport(await site.audit())
  expect(report).toContain(`  ${STREAM}: 4 messages\n`)
  expect(report).toMatch(/^ {2}changes +3 {2}in the topics/m)
  expect(report).toMatch(/^ {2}repeated +1 {2}messages of changes that were there already, all the same$/m)
  expect(report).toMatch(/\nNothing is missing, nothing is out of order\.\n$/)
})

test('[V75] a report names the dataset, the count, and what can be done', async () => {
  site.published(4)
  site.forget(site.write())
  site.published(2, { dataset: 'theme' })
  site.lose(site.write({ dataset: 'theme' }))
  const report = auditReport(await site.audit())
  expect(report).toContain(
    'missing: the change after count 4 of epoch 0 is not in the topic; the newest is count 5 of epoch 0',
  )
  expect(report).toContain('lost: count 5 of epoch 0 is not in the change log either')
  expect(report).toContain('repairable: the change log has 1 changes from count 3 of epoch 0 on')
  expect(report).toContain('--repair publishes again what the change log has for 1 of these datasets')
})

test('[V75] a report says of what it could not judge, and why', async () => {
  site.published(6)
  site.topics.trim(STREAM, 1, 4)
  site.topics.append(STREAM, { partition: 0, key: 'k', value: 'v', headers: {} })
  const report = auditReport(await site.audit())
  expect(report).toContain('the beginning of partition 1 was removed')
  expect(report).toMatch(/^ {2}not judged +1 {2}datasets/m)
  expect(report).toContain('1 of them are not of a change stream')
})

test('[V75] as JSON it is one line, and holds no value of a user', async () => {
  const row = site.write({}, { payload: '{"secret":"of a user"}' })
  site.lose(row)
  const json = auditJson(await site.audit())
  expect(json).not.toContain('secret')
  expect(json.trimEnd()).not.toContain('\n')
  expect(JSON.parse(json)).toMatchObject({ fine: false, counts: { faulty: 1 }, findings: [{ dataset: 'prefs' }] })
})
