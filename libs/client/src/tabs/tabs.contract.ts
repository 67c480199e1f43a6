import type { TabMessage, Tabs } from './tabs.js'
import { until } from './testing/until.js'

/** One store, with as many tabs on it as a test opens. */
export type TabsHarness = Readonly<{ open(): Tabs; close(): Promise<void> }>

const ping = (number: number): TabMessage => ({ kind: 'ping', number })

/** What every adapter of {@link Tabs} with more than one tab must do. */
export function tabsContract(make: () => Promise<TabsHarness>): void {
  let harness: TabsHarness
  beforeEach(async () => {
    harness = await make()
  })
  afterEach(() => harness.close())

  /** A tab, and what it heard and became. */
  const aTab = () => {
    const tabs = harness.open()
    const heard: TabMessage[] = []
    const tab = { tabs, heard, leads: 0, losses: 0, release: (): void => undefined }
    tabs.listen((message) => heard.push(message))
    const lead = async (steal = false): Promise<void> => {
      const { release } = await tabs.lead({ steal, lost: () => tab.losses++ })
      tab.leads++
      tab.release = release
    }
    return Object.assign(tab, { lead })
  }

  test('[NC17] what a tab tells reaches every other one, in order, and not itself', async () => {
    const [one, two, three] = [aTab(), aTab(), aTab()]
    const told = Array.from({ length: 20 }, (_, number) => ping(number))
    for (const message of told) one.tabs.tell(message)
    await until(() => two.heard.length === 20 && three.heard.length === 20)
    expect(two.heard).toEqual(told)
    expect(three.heard).toEqual(told)
    two.tabs.tell(ping(99))
    await until(() => one.heard.length > 0)
    expect(one.heard).toEqual([ping(99)])
  })

  test('[NC17] a listener that ends hears nothing more, and neither does a tab that is closed', async () => {
    const [one, two, three] = [aTab(), aTab(), aTab()]
    const heard: TabMessage[] = []
    const end = two.tabs.listen((message) => heard.push(message))
    one.tabs.tell(ping(1))
    await until(() => heard.length === 1 && three.heard.length === 1)
    end()
    three.tabs.close()
    one.tabs.tell(ping(2))
    await until(() => two.heard.length === 2)
    expect(heard).toEqual([ping(1)])
    expect(three.heard).toEqual([ping(1)])
    three.tabs.tell(ping(3))
    one.tabs.tell(ping(4))
    await until(() => two.heard.length === 3)
    expect(two.heard.at(-1)).toEqual(ping(4))
  })

  test('[NC18] one tab leads, and the next one does when the lead is released', async () => {
    const [one, two] = [aTab(), aTab()]
    await one.lead()
    const waiting = two.lead()
    one.tabs.tell(ping(1))
    await until(() => two.heard.length === 1)
    expect(two.leads).toBe(0)
    one.release()
    await waiting
    expect([one.losses, two.losses]).toEqual([0, 0])
  })

  test('[NC18] a tab that is closed gives up the lead, and its place among those who wait', async () => {
    const [one, two, three] = [aTab(), aTab(), aTab()]
    await one.lead()
    void two.lead()
    const waiting = three.lead()
    two.tabs.close()
    one.tabs.close()
    await waiting
    expect([one.leads, two.leads, three.leads]).toEqual([1, 0, 1])
  })

  test('[NC18] a lead that is stolen is told as lost, once, and can be waited for again', async () => {
    const [one, two] = [aTab(), aTab()]
    await one.lead()
    // What a tab tells about its lead is heard before what it tells later.
    one.tabs.tell(ping(0))
    await until(() => two.heard.length === 1)
    await two.lead(true)
    await until(() => one.losses === 1)
    one.release()
    const again = one.lead()
    two.tabs.tell(ping(1))
    await until(() => one.heard.length === 1)
    expect(one.leads).toBe(1)
    two.release()
    await again
    expect([one.losses, two.losses]).toEqual([1, 0])
  })

  test('[NC18] of many that want to lead at once exactly one does, and each has its turn', async () => {
    const crowd = [aTab(), aTab(), aTab(), aTab(), aTab()]
    const turns: Promise<void>[] = crowd.map((tab) => tab.lead())
    for (let turn = 1; turn <= crowd.length; turn++) {
      await until(() => crowd.reduce((sum, { leads }) => sum + leads, 0) === turn)
      const leader = crowd.find(({ leads, losses }) => leads === 1 && losses === 0)!
      leader.leads = 1
      leader.losses = 1 // Had its turn.
      leader.release()
    }
    await Promise.all(turns)
  })
}
