import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { commandOf, isAlive } from '../process-facts.js'

const NOTES = join(tmpdir(), 'satchel-kafka-brokers')

/** A broker, and the test process that started it. */
type Note = Readonly<{ pid: number; owner: number; folder: string }>

/** Remembers a broker beyond the end of this process, however it ends. */
export function noteBroker(note: Omit<Note, 'owner'>): void {
  mkdirSync(NOTES, { recursive: true })
  writeFileSync(noteOf(note.pid), JSON.stringify({ ...note, owner: process.pid } satisfies Note))
}

export const forgetBroker = (pid: number): void => rmSync(noteOf(pid), { force: true })

/** Ends the brokers of test processes that are gone, and removes what they stored. A pid that belongs to something else by now is left alone. */
export function sweepBrokers(): void {
  mkdirSync(NOTES, { recursive: true })
  const notes = readdirSync(NOTES).map((file) => readNote(join(NOTES, file)))
  const leftOver = notes.filter((note) => note !== null).filter(({ owner }) => !isAlive(owner))
  for (const { pid, folder } of leftOver) {
    if (commandOf(pid).includes(`${folder}/`)) process.kill(pid, 'SIGKILL')
  }
  for (const { pid, folder } of leftOver) {
    rmSync(dirname(folder), { recursive: true, force: true, maxRetries: 5 }) // of all brokers of the cluster
    forgetBroker(pid)
  }
}

const noteOf = (pid: number): string => join(NOTES, `${pid}.json`)

/** Another process may have swept it, or be writing it, at this moment. */
function readNote(path: string): Note | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Note
  } catch {
    return null
  }
}
