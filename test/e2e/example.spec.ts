import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const STORY = fileURLToPath(new URL('../../examples/two-devices/two-devices.js', import.meta.url))

test('the example carries ten scripts over two devices, resolves a conflict, deletes, and says so', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [STORY], { timeout: 90_000 })
  const [, total] = /^ {2}(\d+) records arrived, each equal to what was sent$/m.exec(stdout)!
  expect(Number(total)).toBeGreaterThanOrEqual(500)
  expect(stdout.match(/^ {2}languages\.\w\w {2}\d+ records/gm)).toHaveLength(10)
  expect(stdout).toContain('the laptop meets a conflict on fr: フランス語(電話) there, フランス語(ノート) here')
  expect(stdout).toContain('both devices hold フランス語(電話) + フランス語(ノート)')
  expect(stdout).toContain('is told that the dataset was deleted')
  expect(stdout).toMatch(
    /The server counts 9 datasets and \d+ bytes, which is what was written\.\n\nAll as it should be\.\n$/,
  )
}, 100_000)

const PROCESSES = fileURLToPath(new URL('../../examples/node/two-processes.js', import.meta.url))

test('the Node example keeps two processes in step, kills one, and loses nothing', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESSES], { timeout: 90_000 })
  expect(stdout).toContain('couch gets theme: dark')
  expect(stdout).toContain('desk gets language: 日本語')
  expect(stdout).toContain('it has what it had')
  expect(stdout).toMatch(/\nAll as it should be\.\n$/)
}, 100_000)
