import { ConnectionFault } from './transport.js'

export type Posted = Readonly<{ status: number; headers: Headers; text: string }>

/** Posts a body; rejects with `unreachable` where nobody answers, and with `cut` where the answer breaks off or is given up. */
export async function post(
  url: string,
  { body, headers, signal }: Readonly<{ body: unknown; headers: Record<string, string>; signal?: AbortSignal }>,
): Promise<Posted> {
  let answer: Response | undefined
  try {
    // `omit`: tokens prove who asks, cookies would only let other pages ask.
    answer = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      credentials: 'omit',
      cache: 'no-store',
      signal: signal ?? null,
    })
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  } catch (cause) {
    if (answer ?? signal?.aborted) throw new ConnectionFault('cut', `the answer of ${url} broke off`)
    throw new ConnectionFault('unreachable', `nobody answers at ${url} (${String(cause)})`)
  }
}

/** The text as JSON, or undefined. */
export function jsonIn({ headers, text }: Posted): unknown {
  if (!/\bjson\b/.test(headers.get('content-type') ?? '')) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** `Retry-After` in milliseconds; null where there is none in seconds. */
export function retryAfterMsIn({ headers }: Posted): number | null {
  const seconds = headers.get('retry-after')
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : null
}
