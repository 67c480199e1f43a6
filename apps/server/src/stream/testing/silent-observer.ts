import type { StreamObserver } from '../stream-observer.js'

/** Listens to nothing; a test gives what it wants to hear. */
export const silentObserver = (over: Partial<StreamObserver> = {}): StreamObserver => ({
  leased: () => undefined,
  leaseEnded: () => undefined,
  sent: () => undefined,
  published: () => undefined,
  marked: () => undefined,
  linked: () => undefined,
  parked: () => undefined,
  waiting: () => undefined,
  full: () => undefined,
  failed: () => undefined,
  defect: () => undefined,
  ...over,
})
