import { tabsContract } from '../tabs.contract.js'
import type { TabMessage } from '../tabs.js'
import { MemoryTabs } from './memory-tabs.js'

const soon = (): Promise<void> => new Promise(setImmediate)

describe('MemoryTabs', () => {
  tabsContract(() => {
    const all = new MemoryTabs()
    return Promise.resolve({ open: () => all.open(), close: () => Promise.resolve() })
  })

  test('[NC17] a frozen tab hears everything once it thaws, and keeps its lead until that is stolen', async () => {
    const all = new MemoryTabs()
    const [frozen, other] = [all.open(), all.open()]
    const heard: TabMessage[] = []
    let lost = 0
    frozen.listen((message) => heard.push(message))
    await frozen.lead({ steal: false, lost: () => lost++ })
    frozen.freeze()
    other.tell({ kind: 'ping', number: 1 })
    await other.lead({ steal: true, lost: () => undefined })
    await soon()
    expect([frozen.leads, other.leads, heard.length, lost]).toEqual([false, true, 0, 0])
    frozen.thaw()
    await soon()
    expect([heard.length, lost]).toEqual([1, 1])
  })
})
