/**
 * One user, two processes, one Satchel server: what one writes the other has a moment later, and a process that
 * is killed has everything that it had saved. Ends with 1 if anything is off.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startServer } from '../two-devices/server.js'

const DEVICE = fileURLToPath(new URL('device.js', import.meta.url))
const WAIT_MS_MAX = 20_000

const say = (text) => process.stdout.write(`${text}\n`)

/** A process of its own with a directory of its own. */
class Device {
  lines = []
  watchers = new Set()

  constructor(name, directory, { endpoint, pool, guest }) {
    this.name = name
    const facts = [directory, endpoint, pool, ...(guest === undefined ? [] : [guest])]
    this.child = spawn(process.execPath, [DEVICE, ...facts], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.ended = new Promise((resolve) => this.child.once('close', resolve))
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.lines.push(line)
      for (const watch of [...this.watchers]) watch(line)
    })
  }

  /** The next line, or one said before, that begins so; without its beginning. */
  async says(beginning) {
    const found = this.lines.find((line) => line.startsWith(beginning)) ?? (await this.nextLine(beginning))
    return found.slice(beginning.length)
  }

  nextLine(beginning) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.name} never said "${beginning}", but: ${this.lines.join('; ')}`)),
        WAIT_MS_MAX,
      )
      const watch = (line) => {
        if (!line.startsWith(beginning)) return
        clearTimeout(timer)
        this.watchers.delete(watch)
        resolve(line)
      }
      this.watchers.add(watch)
    })
  }

  async writes(key, value) {
    const saved = this.nextLine(`saved ${key}`)
    this.child.stdin.write(`${key} ${value}\n`)
    await saved
    say(`  ${this.name} saves ${key}: ${value}`)
  }

  async gets(key, value) {
    assert.equal(await this.says(`got ${key} `), value)
    say(`  ${this.name} gets ${key}: ${value}`)
  }

  kill() {
    this.child.kill('SIGKILL')
    return this.ended
  }

  async end() {
    this.child.stdin.end()
    assert.equal(await this.ended, 0)
  }
}

const folder = mkdtempSync(join(tmpdir(), 'satchel-example-'))
const server = await startServer()
const devices = []
const start = (name, facts) => {
  const device = new Device(name, join(folder, name), facts)
  devices.push(device)
  return device
}
try {
  say(`Satchel runs at ${server.endpoint}`)
  const desk = start('desk', server)
  const guest = await desk.says('acts for ')
  const couch = start('couch', { ...server, guest })
  assert.equal(await couch.says('acts for '), guest)
  say(`A process at the desk and one on the couch, both for ${guest}`)

  await desk.writes('theme', 'dark')
  await couch.gets('theme', 'dark')
  await couch.writes('language', '日本語')
  await desk.gets('language', '日本語')

  say('\nThe desk is killed as soon as an edit is saved, and starts again:')
  await desk.writes('font', 'serif')
  await desk.kill()
  const again = start('desk', server)
  assert.deepEqual(JSON.parse(await again.says('has ')), { font: 'serif', language: '日本語', theme: 'dark' })
  say('  it has what it had')
  await couch.gets('font', 'serif')
  await again.writes('volume', '11')
  await couch.gets('volume', '11')
  await Promise.all([again.end(), couch.end()])
  say('\nAll as it should be.')
} finally {
  await Promise.all(devices.map((device) => device.kill()))
  const code = await server.stop()
  rmSync(folder, { recursive: true })
  if (code !== 0) process.exitCode = 1
}
