import type { Clock } from '../../runtime/clock.js'
import { ChannelLead, type LeadMessage } from './channel-lead.js'

/** Tabs whose messages arrive when a test says so. */
class Room {
  readonly leads: ChannelLead[] = []
  readonly letters: (() => void)[] = []
  #now = 0
  #timers: { at: number; work: () => void }[] = []
  readonly clock: Clock = {
    now: () => this.#now,
    elapsed: () => this.#now,
    after: (delayMs, work) => {
      const timer = { at: this.#now + delayMs, work }
      this.#timers.push(timer)
      return () => (this.#timers = this.#timers.filter((each) => each !== timer))
    },
  }

  enter(id: string): ChannelLead {
    const lead: ChannelLead = new ChannelLead({
      id,
      clock: this.clock,
      say: (message: LeadMessage) => {
        for (const other of this.leads) if (other !== lead) this.letters.push(() => other.hear(message))
      },
    })
    this.leads.push(lead)
    return lead
  }

  deliver(): void {
    while (this.letters.length) this.letters.shift()!()
  }

  pass(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers.filter(({ at }) => at <= this.#now)) {
      this.#timers = this.#timers.filter((each) => each !== timer)
      timer.work()
      this.deliver()
    }
  }
}

test('[NC19] who asks and hears nothing leads, and later ones wait until it is done', async () => {
  const room = new Room()
  const [one, two] = [room.enter('b'), room.enter('a')]
  const first = one.lead(false, () => undefined)
  room.deliver()
  room.pass(600)
  const { release } = await first
  let second = false
  void two.lead(false, () => undefined).then(() => (second = true))
  room.deliver()
  room.pass(600)
  await Promise.resolve()
  expect(second).toBe(false)
  release()
  room.deliver()
  room.pass(600)
  await Promise.resolve()
  expect(second).toBe(true)
})

test('[NC19] two that lead because messages were late both hear of it, and one leads in the end', async () => {
  const room = new Room()
  const [one, two] = [room.enter('a'), room.enter('b')]
  let [losses, leading] = [0, 0]
  const again = (lead: ChannelLead): void => {
    void lead
      .lead(false, () => {
        losses++
        leading--
        again(lead)
      })
      .then(() => leading++)
  }
  again(one)
  again(two)
  const late = room.letters.splice(0)
  room.pass(600)
  await Promise.resolve()
  room.letters.push(...late)
  for (let round = 0; round < 5; round++) {
    room.deliver()
    await Promise.resolve()
    room.pass(600)
    await Promise.resolve()
  }
  expect(losses).toBeGreaterThan(0)
  expect(leading).toBe(1)
})
