import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Everything that was started and has not ended; nothing of it may outlive the bench, however that ends. */
const running = new Set()
const scratch = mkdtempSync(join(tmpdir(), 'satchel-bench-'))
let count = 0

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    console.error(`ended by ${signal}; what was started is stopped too`)
    process.exit(1)
  })
}

/** A new directory that goes with the bench. */
export const scratchDirectory = (name) => mkdtempSync(join(scratch, `${name}-`))

/**
 * Starts a Node program of its own. What it prints goes to a file, so that a reader never holds it up. A running
 * program has `pid`, `ask(message)`, which resolves with its answer over IPC, and `stop()`.
 */
export function startNode(script, { args = [], nodeArgs = [], env = {} } = {}) {
  const output = join(scratch, `output-${++count}.log`)
  const file = openSync(output, 'w')
  const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', file, file, 'ipc'],
  })
  running.add(child)
  const asked = new Map()
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child)
      const why = new Error(`${script} ended (${signal ?? code}); it printed:\n${tail(output)}`)
      for (const { reject } of asked.values()) reject(why)
      asked.clear()
      resolve(why)
    })
  })
  child.on('message', ({ id, answer, fault }) => {
    const { resolve, reject } = asked.get(id) ?? {}
    asked.delete(id)
    if (fault === undefined) resolve?.(answer)
    else reject?.(new Error(fault))
  })
  let nextId = 0
  return {
    pid: child.pid,
    exited,
    printed: () => readFileSync(output, 'utf8'),
    ask: (message) =>
      new Promise((resolve, reject) => {
        const id = ++nextId
        asked.set(id, { resolve, reject })
        child.send({ id, ...message })
      }),
    stop: () => stop(child, exited),
  }
}

const PATIENCE_MS = 12_000

/** Asks it to end; what does not end in time is killed, and the bench says so. */
async function stop(child, exited) {
  if (!running.has(child)) return
  child.kill('SIGTERM')
  const timer = setTimeout(() => {
    console.error(`  (process ${child.pid} did not end within ${PATIENCE_MS / 1_000} s of SIGTERM and was killed)`)
    child.kill('SIGKILL')
  }, PATIENCE_MS)
  await exited
  clearTimeout(timer)
}

const tail = (file) => readFileSync(file, 'utf8').split('\n').slice(-30).join('\n')
