import { HeldClock } from '../runtime/testing/held-clock.js'
import { memoryStores } from '../store/memory/memory-stores.js'
import { createLog } from './log.js'
import { SharedSettingsWatch } from './shared-settings-watch.js'

const clock = new HeldClock()

/** Nodes that share a store, each with its log. */
function aSite() {
  const { leases } = memoryStores()
  const node = (mark: string) => {
    const lines: string[] = []
    const log = createLog('info', { write: (line: string) => void lines.push(line) })
    const absence = { explains: () => false }
    const watch = new SharedSettingsWatch({ leases, mark: () => mark, log, absence, clock })
    watch.start()
    const said = () => lines.map((line) => JSON.parse(line) as { level: unknown; msg: string; settings?: string[] })
    return { watch, said, warned: () => said().map(({ settings }) => settings) }
  }
  return { node, leases }
}

/** So many seconds, during which what is asked is answered. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('[MV9] a node with other settings says which, once, and nothing while it may be itself that had others', async () => {
  const { node } = aSite()
  const first = node('A=1 B=1 C=1')
  await pass(1)
  const [alike, other] = [node('A=1 B=1 C=1'), node('A=1 B=2 C=3')]
  await pass(29)
  expect(other.warned()).toEqual([])
  await pass(120)
  expect(other.warned()).toEqual([['B', 'C']])
  expect([first.said(), alike.said()]).toEqual([[], []])
})

test('[MV9] a node that was started anew with other settings, and is alone, says nothing', async () => {
  const { node } = aSite()
  const before = node('A=1')
  await pass(5)
  before.watch.stop()
  const after = node('A=2')
  await pass(120)
  expect(after.said()).toEqual([])
})

test('[MV9] once the others are like it, it says so, and speaks up again when they are not', async () => {
  const { node } = aSite()
  const old = node('A=1')
  await pass(1)
  const fresh = node('A=2')
  await pass(60)
  old.watch.stop()
  await pass(60)
  expect(fresh.said().map(({ msg }) => msg)).toEqual([
    expect.stringContaining('have other settings'),
    expect.stringContaining('those of the others again'),
  ])
  const late = node('A=1')
  await pass(60)
  expect(late.warned()).toEqual([['A']])
})

test('[MV9] a store that does not answer ends nothing', async () => {
  const { node, leases } = aSite()
  node('A=1')
  await pass(1)
  const fresh = node('A=2')
  const take = leases.take.bind(leases)
  leases.take = () => Promise.reject(new Error('no route'))
  await pass(15)
  leases.take = take
  await pass(90)
  expect(fresh.said().at(-1)).toMatchObject({ settings: ['A'] })
})
