import type { StreamObserver } from './stream-observer.js'

/** Tells an observer of everything, and does what has to follow from some of it. */
export const followedObserver = (
  told: StreamObserver,
  follow: Pick<StreamObserver, 'published' | 'waiting' | 'parked'>,
): StreamObserver => ({
  leased: (...facts) => told.leased(...facts),
  leaseEnded: (...facts) => told.leaseEnded(...facts),
  sent: (send) => told.sent(send),
  published: (...facts) => {
    told.published(...facts)
    follow.published(...facts)
  },
  marked: (...facts) => told.marked(...facts),
  linked: (row) => told.linked(row),
  parked: (...facts) => {
    told.parked(...facts)
    follow.parked(...facts)
  },
  waiting: (backlog) => {
    told.waiting(backlog)
    follow.waiting(backlog)
  },
  full: (...facts) => told.full(...facts),
  failed: (...facts) => told.failed(...facts),
  defect: (cause) => told.defect(cause),
})
