/** The system's name of what went wrong, such as ENOENT; null when the system did not refuse anything. */
export function errnoOf(cause: unknown): string | null {
  if (typeof cause !== 'object' || cause === null || !('code' in cause) || !('syscall' in cause)) return null
  return typeof cause.code === 'string' ? cause.code : null
}
