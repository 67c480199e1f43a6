/** Lets a load, a life or an outage go on for so long. Whoever waits for something asks for that: see `eventually`. */
export const forMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
