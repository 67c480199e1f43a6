import type { DeviceHint } from './sync-session.js'

/** Passes on what a browser says of its network and its user; elsewhere nobody says anything. The answer ends it. */
export function heedDevice(tell: (hint: DeviceHint) => void): () => void {
  const { addEventListener, removeEventListener, document } = globalThis as Partial<typeof globalThis>
  const online = (): void => tell('online')
  const offline = (): void => tell('offline')
  const visible = (): void => {
    if (document?.visibilityState === 'visible') tell('visible')
  }
  addEventListener?.('online', online)
  addEventListener?.('offline', offline)
  document?.addEventListener('visibilitychange', visible)
  return () => {
    removeEventListener?.('online', online)
    removeEventListener?.('offline', offline)
    document?.removeEventListener('visibilitychange', visible)
  }
}
