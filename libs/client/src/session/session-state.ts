import { BACK_OFF_MS_BASE, BACK_OFF_MS_MAX, backOffMs, STABLE_MS } from '../runtime/back-off.js'
import type { Status } from '../status.js'

type Since = Readonly<{ since: number; reason: string }>

export type Phase =
  | (Since & Readonly<{ kind: 'offline'; paused: boolean }>)
  | (Since & Readonly<{ kind: 'connecting' | 'syncing' | 'live' | 'needs-auth' }>)
  | (Since &
      Readonly<{
        kind: 'waiting'
        until: number
        attempt: number
        /** By the clock that never goes back: when the wait began and ends. */
        beganMs: number
        endMs: number
        /** The server has asked for it. */
        asked: boolean
        /** The connection stands, and only its requests wait. */
        connected: boolean
      }>)

export type SessionState = Readonly<{
  phase: Phase
  /** Failures since the last good connection. */
  attempt: number
  /** Since when requests went out, by the clock that never goes back; null while they do not. */
  steadyMs: number | null
  /** Before when the server wants to hear nothing, by that clock; null for no such time. It outlives connections and pauses. */
  floorMs: number | null
  /** What the device says of its network; a hint, since devices are wrong about it. */
  networkDown: boolean
  /** Set while edits do not move; laid over whatever is tried meanwhile. */
  stalled: Since | null
}>

/** When an event happened: by the device's clock, for people, and by the clock that never goes back, for waits. */
export type Moment = Readonly<{ now: number; elapsedMs: number }>

export type SessionEvent =
  | Readonly<{ kind: 'pause' | 'resume' }>
  /** What the device says: its network is there, its network is gone, somebody looks at the app again. */
  | Readonly<{ kind: 'hint'; hint: 'online' | 'offline' | 'visible' }>
  /** The app asks to synchronize, or offers a new login. */
  | Readonly<{ kind: 'wish' }>
  | Readonly<{ kind: 'connected' }>
  /** There is something to send or fetch, or nothing any more. */
  | Readonly<{ kind: 'busy' | 'idle' }>
  /** The connection is lost or did not come about. `again`: a good connection may be replaced at once. */
  | Readonly<{ kind: 'failed'; reason: string; retryAfterMs: number | null; chance: number; again: boolean }>
  /** The server asks for a pause; the connection stands. */
  | Readonly<{ kind: 'held'; reason: string; retryAfterMs: number | null; chance: number }>
  | Readonly<{ kind: 'unwelcome'; reason: string }>
  /** The wait is over. */
  | Readonly<{ kind: 'woke' }>
  /** Edits have not moved for too long; or something moved. */
  | Readonly<{ kind: 'stuck'; reason: string }>
  | Readonly<{ kind: 'moved' }>

export type Effect =
  | Readonly<{ kind: 'connect' | 'disconnect' }>
  /** Requests may go out again on the connection that stands. */
  | Readonly<{ kind: 'proceed' }>
  /** Find out whether the connection still carries. */
  | Readonly<{ kind: 'probe' }>
  /** Say `woke` after this time, and no sooner said one; null to say none. */
  | Readonly<{ kind: 'wake'; afterMs: number | null }>

export type Step = Readonly<{ state: SessionState; effects: readonly Effect[] }>

export const initialState = (now: number): SessionState => ({
  phase: { kind: 'offline', paused: true, since: now, reason: PAUSED },
  attempt: 0,
  steadyMs: null,
  floorMs: null,
  networkDown: false,
  stalled: null,
})

/**
 * How syncing goes on after an event. Chance and time come in with the event, so the same events give the same states.
 *
 * ```
 *              resume             connected            idle
 *   ┌─────────┐ ───▶ ┌────────────┐ ───▶ ┌─────────┐ ───────▶ ┌──────┐
 *   │ offline │      │ connecting │      │ syncing │ ◀─────── │ live │
 *   └─────────┘      └────────────┘      └─────────┘   busy   └──────┘
 *     ▲  │  ▲           │  ▲     ▲          │  ▲ │              │ │
 *     │  │  │    failed │  │woke │    failed│  │ │held      held│ │failed
 *     │  │  │           ▼  │wish │          ▼  │ ▼              ▼ ▼
 *     │  │  │        ┌──────────────────────────────────────────────┐
 *     │  │  └────────│ waiting: connection gone, or only held back  │
 *     │  │  no       └──────────────────────────────────────────────┘
 *     │  │  network             (woke while held: back to syncing)
 *     │  └── woke, online, wish: connecting
 *     └───── pause, from every state
 *
 *   connecting, syncing, live ── unwelcome ──▶ needs-auth ── wish ──▶ connecting
 *   connecting, syncing, live, waiting unasked ── stuck ──▶ stalled, laid over it ── moved ──▶ as before
 * ```
 *
 * Hints of the device shorten a wait or have the connection looked at; they decide nothing else.
 */
export function step(state: SessionState, event: SessionEvent, at: Moment): Step {
  const { phase } = state
  switch (event.kind) {
    case 'pause':
      if (phase.kind === 'offline' && phase.paused) return stay(state)
      return to(
        { ...state, steadyMs: null, stalled: null },
        { kind: 'offline', paused: true, since: at.now, reason: PAUSED },
        { kind: 'disconnect' },
        NO_WAKE,
      )
    case 'resume':
      return phase.kind === 'offline' ? connecting({ ...state, attempt: 0 }, 'going on', at) : stay(state)
    case 'hint':
      return hinted(
        { ...state, networkDown: event.hint === 'visible' ? state.networkDown : event.hint === 'offline' },
        event.hint,
        at,
      )
    case 'wish':
      if (phase.kind === 'waiting') return sooner(state, phase, 0, at)
      if (phase.kind === 'needs-auth' || (phase.kind === 'offline' && !phase.paused)) {
        return connecting(state, 'asked by the app', at)
      }
      return stay(state)
    case 'connected':
      if (phase.kind !== 'connecting') return stay(state)
      return to(
        { ...state, steadyMs: at.elapsedMs, networkDown: false },
        { kind: 'syncing', since: at.now, reason: 'connected' },
      )
    case 'busy':
      if (phase.kind !== 'live') return stay(state)
      return to(state, { kind: 'syncing', since: at.now, reason: 'something is to be sent or fetched' })
    case 'idle':
      if (phase.kind !== 'syncing') return stay(state)
      return to({ ...state, stalled: null }, { kind: 'live', since: at.now, reason: 'everything is in step' })
    case 'failed':
      return tries(phase) || (phase.kind === 'waiting' && phase.connected) ? failed(state, event, at) : stay(state)
    case 'held':
      if (phase.kind === 'waiting') return waiting(state, event, phase.connected, at)
      return phase.kind === 'syncing' || phase.kind === 'live' ? held(state, event, at) : stay(state)
    case 'unwelcome':
      if (!tries(phase) && !(phase.kind === 'waiting' && phase.connected)) return stay(state)
      return to(
        { ...state, steadyMs: null, attempt: 0, stalled: null },
        { kind: 'needs-auth', since: at.now, reason: event.reason },
        { kind: 'disconnect' },
        NO_WAKE,
      )
    case 'woke':
      if (phase.kind === 'waiting') return onwards(state, phase, at)
      return phase.kind === 'offline' && !phase.paused ? connecting(state, 'trying again', at) : stay(state)
    case 'stuck':
      if (state.stalled?.reason === event.reason || !mayStall(phase)) return stay(state)
      return {
        state: { ...state, stalled: { since: state.stalled?.since ?? at.now, reason: event.reason } },
        effects: [],
      }
    case 'moved':
      return state.stalled === null ? stay(state) : { state: { ...state, stalled: null }, effects: [] }
  }
}

/** What is shown of a state. */
export function statusOf({ phase, stalled }: SessionState): Status {
  if (stalled !== null && mayStall(phase)) return { kind: 'stalled', ...stalled }
  const { since, reason } = phase
  if (phase.kind !== 'waiting') return { kind: phase.kind, since, reason }
  return { kind: 'waiting', since, reason, until: phase.until, attempt: phase.attempt }
}

/** True while requests may be sent. */
export const proceeds = ({ phase }: SessionState): boolean => phase.kind === 'syncing' || phase.kind === 'live'

const PAUSED = 'paused by the app'

const NO_WAKE: Effect = { kind: 'wake', afterMs: null }

const stay = (state: SessionState): Step => ({ state, effects: [] })

const to = (state: SessionState, phase: Phase, ...effects: readonly Effect[]): Step => ({
  state: { ...state, phase },
  effects,
})

function connecting(state: SessionState, reason: string, at: Moment): Step {
  const left: SessionState = { ...state, steadyMs: null }
  if (isAskedToWait(state, at)) return waiting(left, { reason: ASKED, retryAfterMs: null, chance: 0 }, false, at)
  return to(left, { kind: 'connecting', since: at.now, reason }, NO_WAKE, { kind: 'connect' })
}

const ASKED = 'the server has asked for patience'

const isAskedToWait = ({ floorMs }: SessionState, at: Moment): boolean => floorMs !== null && floorMs > at.elapsedMs

const tries = ({ kind }: Phase): boolean => kind === 'connecting' || kind === 'syncing' || kind === 'live'

/** A wait that the server asked for has an end that is known; any other may stall. */
export const mayStall = (phase: Phase): boolean => tries(phase) || (phase.kind === 'waiting' && !phase.asked)

function hinted(state: SessionState, hint: 'online' | 'offline' | 'visible', at: Moment): Step {
  const { phase } = state
  if (phase.kind === 'syncing' || phase.kind === 'live') return { state, effects: [{ kind: 'probe' }] }
  if (phase.kind === 'waiting' && hint === 'offline') return phase.connected ? stay(state) : withoutNetwork(state, at)
  if (phase.kind === 'waiting') return sooner(state, phase, BACK_OFF_MS_BASE, at)
  if (phase.kind === 'offline' && !phase.paused && hint === 'online') {
    return connecting(state, 'the device has a network again', at)
  }
  return stay(state)
}

/** Ends a wait now, or as soon as the server allows and `restMs` have passed, so that hints cannot make a storm. */
function sooner(state: SessionState, phase: Phase & { kind: 'waiting' }, restMs: number, at: Moment): Step {
  const endMs = Math.min(phase.endMs, Math.max(state.floorMs ?? 0, phase.beganMs + restMs))
  const afterMs = endMs - at.elapsedMs
  if (afterMs <= 0) return onwards(state, phase, at)
  return to(state, { ...phase, endMs, until: at.now + afterMs }, { kind: 'wake', afterMs })
}

function onwards(state: SessionState, phase: Phase & { kind: 'waiting' }, at: Moment): Step {
  if (!phase.connected) return connecting(state, 'trying again', at)
  return to({ ...state, steadyMs: at.elapsedMs }, { kind: 'syncing', since: at.now, reason: 'trying again' }, NO_WAKE, {
    kind: 'proceed',
  })
}

function failed(state: SessionState, event: SessionEvent & { kind: 'failed' }, at: Moment): Step {
  const attempt = attemptAfter(state, at)
  const left: SessionState = { ...state, attempt, steadyMs: null }
  if (event.again && attempt === 1) {
    const { state: next, effects } = connecting(left, event.reason, at)
    return { state: next, effects: [{ kind: 'disconnect' }, ...effects] }
  }
  const next = state.networkDown ? withoutNetwork(left, at) : waiting(left, event, false, at)
  return { ...next, effects: [{ kind: 'disconnect' }, ...next.effects] }
}

const held = (state: SessionState, event: SessionEvent & { kind: 'held' }, at: Moment): Step =>
  waiting({ ...state, attempt: attemptAfter(state, at), steadyMs: null }, event, true, at)

const attemptAfter = ({ attempt, steadyMs }: SessionState, at: Moment): number =>
  steadyMs !== null && at.elapsedMs - steadyMs >= STABLE_MS ? 1 : attempt + 1

function waiting(
  state: SessionState,
  { reason, retryAfterMs, chance }: Readonly<{ reason: string; retryAfterMs: number | null; chance: number }>,
  connected: boolean,
  at: Moment,
): Step {
  const floorMs = Math.max(state.floorMs ?? 0, retryAfterMs === null ? 0 : at.elapsedMs + retryAfterMs)
  const asked = floorMs > at.elapsedMs
  // Spread also behind a time that was named, since others were told the same.
  const afterMs = Math.max(0, floorMs - at.elapsedMs) + backOffMs(state.attempt, chance)
  return to(
    { ...state, floorMs: asked ? floorMs : null },
    {
      kind: 'waiting',
      since: at.now,
      reason,
      until: at.now + afterMs,
      attempt: state.attempt,
      beganMs: at.elapsedMs,
      endMs: at.elapsedMs + afterMs,
      asked,
      connected,
    },
    { kind: 'wake', afterMs },
  )
}

/** The device may be wrong, so that is looked at again, if rarely. */
const withoutNetwork = (state: SessionState, at: Moment): Step =>
  to(
    state,
    { kind: 'offline', paused: false, since: at.now, reason: 'the device says that it has no network' },
    { kind: 'wake', afterMs: BACK_OFF_MS_MAX },
  )
