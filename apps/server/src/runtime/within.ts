import type { Clock } from './clock.js'

/** What `work` comes to, or, when that takes longer than `ms`, what `late` makes of it; `work` goes on unheard then. */
export function within<T>(
  { clock, ms, late }: Readonly<{ clock: Clock; ms: number; late: () => T }>,
  work: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(late()))
    void work.then(resolve, reject).finally(cancel)
  })
}
