import { BACK_OFF_MS_BASE, BACK_OFF_MS_MAX, backOffMs, STABLE_MS } from '../runtime/back-off.js'
import {
  initialState,
  proceeds,
  statusOf,
  step,
  type Effect,
  type SessionEvent,
  type SessionState,
} from './session-state.js'

const AT = { now: 1_000_000, elapsedMs: 50_000 }

const events = {
  pause: { kind: 'pause' },
  resume: { kind: 'resume' },
  online: { kind: 'hint', hint: 'online' },
  offline: { kind: 'hint', hint: 'offline' },
  visible: { kind: 'hint', hint: 'visible' },
  wish: { kind: 'wish' },
  connected: { kind: 'connected' },
  busy: { kind: 'busy' },
  idle: { kind: 'idle' },
  failed: { kind: 'failed', reason: 'nobody there', retryAfterMs: null, chance: 0.5, again: false },
  held: { kind: 'held', reason: 'too much', retryAfterMs: 2_000, chance: 0.5 },
  unwelcome: { kind: 'unwelcome', reason: 'who are you' },
  woke: { kind: 'woke' },
  stuck: { kind: 'stuck', reason: 'nothing moves' },
  moved: { kind: 'moved' },
} as const satisfies Record<string, SessionEvent>

type EventName = keyof typeof events

/** Takes events one after the other, a little apart. */
const after = (...names: EventName[]): SessionState =>
  names.reduce<SessionState>(
    (state, name, index) => step(state, events[name], { now: 900_000 + index, elapsedMs: 40_000 + index }).state,
    initialState(900_000),
  )

const states = {
  paused: after(),
  'without network': after('resume', 'offline', 'failed'),
  connecting: after('resume'),
  syncing: after('resume', 'connected'),
  live: after('resume', 'connected', 'idle'),
  waiting: after('resume', 'failed'),
  'held back': step(after('resume', 'connected'), events.held, { now: AT.now, elapsedMs: AT.elapsedMs - 100 }).state,
  'needs a login': after('resume', 'unwelcome'),
  stalled: after('resume', 'connected', 'stuck'),
  'stalled and waiting': after('resume', 'connected', 'stuck', 'failed'),
} satisfies Record<string, SessionState>

const effectNames = (effects: readonly Effect[]): string =>
  effects.map((effect) => (effect.kind === 'wake' && effect.afterMs === null ? 'no wake' : effect.kind)).join(' ')

const _ = 'stays'

/** Every state against every event: what is shown then, and what is to be done. */
const table: Record<keyof typeof states, Record<EventName, string>> = {
  paused: {
    ...{ pause: _, resume: 'connecting: no wake connect', online: _, offline: _, visible: _, wish: _, connected: _ },
    ...{ busy: _, idle: _, failed: _, held: _, unwelcome: _, woke: _, stuck: _, moved: _ },
  },
  'without network': {
    pause: 'offline: disconnect no wake',
    resume: 'connecting: no wake connect',
    online: 'connecting: no wake connect',
    wish: 'connecting: no wake connect',
    woke: 'connecting: no wake connect',
    ...{ offline: _, visible: _, connected: _, busy: _, idle: _, failed: _, held: _, unwelcome: _, stuck: _, moved: _ },
  },
  connecting: {
    pause: 'offline: disconnect no wake',
    connected: 'syncing: ',
    failed: 'waiting: disconnect wake',
    unwelcome: 'needs-auth: disconnect no wake',
    stuck: 'stalled: ',
    ...{ resume: _, online: _, offline: _, visible: _, wish: _, busy: _, idle: _, held: _, woke: _, moved: _ },
  },
  syncing: {
    pause: 'offline: disconnect no wake',
    online: 'syncing: probe',
    offline: 'syncing: probe',
    visible: 'syncing: probe',
    idle: 'live: ',
    failed: 'waiting: disconnect wake',
    held: 'waiting: wake',
    unwelcome: 'needs-auth: disconnect no wake',
    stuck: 'stalled: ',
    ...{ resume: _, wish: _, connected: _, busy: _, woke: _, moved: _ },
  },
  live: {
    pause: 'offline: disconnect no wake',
    online: 'live: probe',
    offline: 'live: probe',
    visible: 'live: probe',
    busy: 'syncing: ',
    failed: 'waiting: disconnect wake',
    held: 'waiting: wake',
    unwelcome: 'needs-auth: disconnect no wake',
    stuck: 'stalled: ',
    ...{ resume: _, wish: _, connected: _, idle: _, woke: _, moved: _ },
  },
  waiting: {
    pause: 'offline: disconnect no wake',
    online: 'connecting: no wake connect',
    offline: 'offline: wake',
    visible: 'connecting: no wake connect',
    wish: 'connecting: no wake connect',
    woke: 'connecting: no wake connect',
    held: 'waiting: wake',
    stuck: 'stalled: ',
    ...{ resume: _, connected: _, busy: _, idle: _, failed: _, unwelcome: _, moved: _ },
  },
  'held back': {
    pause: 'offline: disconnect no wake',
    online: 'waiting: wake',
    visible: 'waiting: wake',
    wish: 'waiting: wake',
    woke: 'syncing: no wake proceed',
    failed: 'waiting: disconnect wake',
    unwelcome: 'needs-auth: disconnect no wake',
    held: 'waiting: wake',
    ...{ resume: _, offline: _, connected: _, busy: _, idle: _, stuck: _, moved: _ },
  },
  'needs a login': {
    pause: 'offline: disconnect no wake',
    wish: 'connecting: no wake connect',
    ...{ resume: _, online: _, offline: _, visible: _, connected: _, busy: _, idle: _, failed: _, held: _ },
    ...{ unwelcome: _, woke: _, stuck: _, moved: _ },
  },
  stalled: {
    pause: 'offline: disconnect no wake',
    online: 'stalled: probe',
    offline: 'stalled: probe',
    visible: 'stalled: probe',
    idle: 'live: ',
    failed: 'stalled: disconnect wake',
    held: 'waiting: wake',
    unwelcome: 'needs-auth: disconnect no wake',
    moved: 'syncing: ',
    ...{ resume: _, wish: _, connected: _, busy: _, woke: _, stuck: _ },
  },
  'stalled and waiting': {
    pause: 'offline: disconnect no wake',
    online: 'stalled: no wake connect',
    offline: 'offline: wake',
    visible: 'stalled: no wake connect',
    wish: 'stalled: no wake connect',
    woke: 'stalled: no wake connect',
    moved: 'waiting: ',
    held: 'waiting: wake',
    ...{ resume: _, connected: _, busy: _, idle: _, failed: _, unwelcome: _, stuck: _ },
  },
}

const cells = Object.entries(table).flatMap(([state, row]) =>
  Object.entries(row).map(([event, expected]) => ({ state, event, expected })),
) as { state: keyof typeof states; event: EventName; expected: string }[]

test('every state is paired with every event', () => {
  expect(cells).toHaveLength(Object.keys(states).length * Object.keys(events).length)
})

test.each(cells)('[NE1] $state, then $event: $expected', ({ state, event, expected }) => {
  const before = states[state]
  const { state: next, effects } = step(before, events[event], AT)
  const after = `${statusOf(next).kind}: ${effectNames(effects)}`
  if (expected !== _) return expect(after).toBe(expected)
  expect(statusOf(next)).toEqual(statusOf(before))
  expect(effects).toEqual([])
})

test('only a session that is syncing or live sends', () => {
  const sending = Object.entries(states).filter(([, state]) => proceeds(state))
  expect(sending.map(([name]) => name)).toEqual(['syncing', 'live', 'stalled'])
})

describe('waits', () => {
  const failedAt = (state: SessionState, elapsedMs: number, over: Partial<SessionEvent & { kind: 'failed' }> = {}) =>
    step(state, { ...events.failed, ...over }, { now: 2_000_000, elapsedMs })
  const wakeOf = (effects: readonly Effect[]): number | null | undefined =>
    effects.find((effect) => effect.kind === 'wake')?.afterMs

  test('[NE1] a wait is anything from nothing to a bound that doubles with each failure, up to a minute', () => {
    let state = states.connecting
    for (let attempt = 1; attempt <= 20; attempt++) {
      const boundMs = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_BASE * 2 ** (attempt - 1))
      expect(wakeOf(failedAt(state, 0, { chance: 0 }).effects)).toBe(0)
      expect(wakeOf(failedAt(state, 0, { chance: 0.999_999 }).effects)).toBe(Math.round(0.999_999 * boundMs))
      const waiting = failedAt(state, 0).state
      expect(statusOf(waiting)).toMatchObject({ kind: 'waiting', attempt })
      state = step(waiting, events.woke, AT).state
    }
  })

  test('however many failures there were, the bound stays', () => {
    expect(backOffMs(1_000_000, 1)).toBe(BACK_OFF_MS_MAX)
  })

  test('[NE1] the server is not asked before the time it named, whatever the device and the app say', () => {
    const told = failedAt(states.syncing, 50_000, { retryAfterMs: 7_000, chance: 0 })
    expect(wakeOf(told.effects)).toBe(7_000)
    for (const event of ['online', 'visible', 'wish'] as const) {
      const { state, effects } = step(told.state, events[event], { now: 2_001_000, elapsedMs: 51_000 })
      expect(wakeOf(effects)).toBe(6_000)
      expect(statusOf(state)).toMatchObject({ kind: 'waiting', until: 2_007_000 })
    }
  })

  test('[NE1] a named time is kept through a lost connection, a pause and a second, earlier one', () => {
    const told = failedAt(states.syncing, 50_000, { retryAfterMs: 20_000, chance: 0 }).state
    const held = step(states.syncing, { ...events.held, retryAfterMs: 20_000, chance: 0 }, AT).state
    const later = { now: 2_001_000, elapsedMs: 51_000 }
    const ways: SessionState[] = [
      step(step(told, events.pause, later).state, events.resume, later).state,
      failedAt(held, 51_000, { chance: 0 }).state,
      step(held, { ...events.held, retryAfterMs: 1_000, chance: 0 }, later).state,
      step(step(held, events.unwelcome, later).state, events.wish, later).state,
    ]
    for (const state of ways) expect(state.phase).toMatchObject({ kind: 'waiting', endMs: 70_000, asked: true })
    const passed = { now: 2_020_000, elapsedMs: 70_000 }
    for (const state of ways)
      expect(statusOf(step(state, events.woke, passed).state).kind).toMatch(/connecting|syncing/)
  })

  test('[NE1] a named time is spread, so that those who were told the same do not come at once', () => {
    expect(wakeOf(failedAt(states.syncing, 50_000, { retryAfterMs: 7_000, chance: 0.5 }).effects)).toBe(7_250)
  })

  test('[NE1] a hint shortens a wait, but not below half a second, so that hints make no storm', () => {
    let state = states.connecting
    for (let failures = 0; failures < 8; failures++) state = step(failedAt(state, 0).state, events.woke, AT).state
    const waiting = failedAt(state, 50_000, { chance: 1 })
    expect(wakeOf(waiting.effects)).toBe(BACK_OFF_MS_MAX)
    const early = step(waiting.state, events.online, { now: 0, elapsedMs: 50_100 })
    expect(wakeOf(early.effects)).toBe(BACK_OFF_MS_BASE - 100)
    const late = step(waiting.state, events.online, { now: 0, elapsedMs: 50_600 })
    expect(statusOf(late.state).kind).toBe('connecting')
  })

  test('[NE1] failures are counted from one again after a connection that held, and on after one that did not', () => {
    const third = after('resume', 'failed', 'woke', 'failed', 'woke', 'connected')
    const connectedMs = third.steadyMs!
    expect(statusOf(failedAt(third, connectedMs + STABLE_MS - 1).state)).toMatchObject({ attempt: 3 })
    expect(statusOf(failedAt(third, connectedMs + STABLE_MS).state)).toMatchObject({ attempt: 1 })
  })

  test('a good connection whose token ended is replaced at once, one that just failed is not', () => {
    const good = failedAt(states.live, 40_000 + STABLE_MS * 2, { again: true })
    expect(statusOf(good.state).kind).toBe('connecting')
    expect(effectNames(good.effects)).toBe('disconnect no wake connect')
    const again = failedAt(after('resume', 'failed', 'woke'), 40_010, { again: true })
    expect(statusOf(again.state).kind).toBe('waiting')
  })

  test('[NE1] a device that says it has no network is believed for a minute', () => {
    const { state, effects } = failedAt(step(states.connecting, events.offline, AT).state, 50_000)
    expect(statusOf(state).kind).toBe('offline')
    expect(wakeOf(effects)).toBe(BACK_OFF_MS_MAX)
  })
})

describe('stalled', () => {
  test('says the newest reason, since when it began, and goes when something moves', () => {
    const stuck = step(states.live, events.stuck, AT).state
    const still = step(stuck, { kind: 'stuck', reason: 'the disk is full' }, { now: AT.now + 5_000, elapsedMs: 55_000 })
    expect(statusOf(still.state)).toEqual({ kind: 'stalled', since: AT.now, reason: 'the disk is full' })
    expect(statusOf(step(still.state, events.moved, AT).state).kind).toBe('live')
  })

  test('is not shown while the server has asked for a pause whose end is known', () => {
    const held = step(states.stalled, events.held, AT).state
    expect(statusOf(held).kind).toBe('waiting')
    expect(statusOf(step(held, events.woke, AT).state).kind).toBe('stalled')
  })
})
