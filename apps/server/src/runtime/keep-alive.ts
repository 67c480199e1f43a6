const HOUR_MS = 3_600_000

/** Keeps the process from ending while it only waits for time to pass; the answer lets it go. A server's sockets do so by themselves. */
export function keepAlive(): () => void {
  const timer = setInterval(() => undefined, HOUR_MS)
  return () => clearInterval(timer)
}
