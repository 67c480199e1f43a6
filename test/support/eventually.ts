const POLL_MS = 50

/** Asks again and again until the answer is as wanted; rejects with the last fault when it is not within the bound. */
export async function eventually<T>(ask: () => Promise<T>, withinMs: number): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    try {
      return await ask()
    } catch (fault) {
      if (performance.now() > deadline) throw fault
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
