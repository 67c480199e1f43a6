import { execFile } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { promisify } from 'node:util'
import { demoPoolOf, DemoPeople } from '../support/demo-people.js'
import { eventually } from '../support/eventually.js'
import { SERVER_MAIN, startServer } from '../support/start-server.js'

const people = new DemoPeople()

test('[D8] after a backup was put back, devices start over and send what they have of what came after it', async () => {
  const own = await startServer({ settings: { SATCHEL_DEMO: 'on' } })
  const there = { endpoint: own.url, pool: await demoPoolOf(own) }
  const a = await people.open(there)
  const settings = a.dataset('settings')
  await settings.put('theme', 'dark')
  await a.synchronize()
  own.process.signal('SIGTERM')
  await own.process.end()
  const backup = people.directory()
  cpSync(own.dataDir, backup, { recursive: true })

  const going = await own.restart({ SATCHEL_PORT: new URL(own.url).port })
  await settings.put('font', 'large')
  await settings.put('theme', 'light')
  await eventually(() => a.synchronize(), 20_000)
  going.process.signal('SIGTERM')
  await going.process.end()
  rmSync(own.dataDir, { recursive: true })
  cpSync(backup, own.dataDir, { recursive: true })
  const env = { PATH: process.env['PATH'], SATCHEL_DATA_DIR: own.dataDir }
  const { stderr } = await promisify(execFile)(process.execPath, [SERVER_MAIN, '--new-epoch'], { env })
  expect(stderr).toContain('A new epoch has begun for 1 datasets')

  const restored = await own.restart({ SATCHEL_PORT: new URL(own.url).port })
  await eventually(() => a.synchronize(), 20_000)
  const b = await people.open({ ...there, guest: a.identity! })
  const theirs = b.dataset('settings')
  await b.synchronize()
  const all = [
    ['font', 'large'],
    ['theme', 'light'],
  ]
  expect([settings.entries(), theirs.entries()]).toEqual([all, all])
  await Promise.all([a.close(), b.close()])
  await restored.stop()
  rmSync(own.dataDir, { recursive: true, force: true })
})
