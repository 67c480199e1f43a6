/** One step of a recorded exchange: a frame, the end of a socket, or a request over HTTP with its answer. */
export type Step =
  | Readonly<{ kind: 'send' | 'receive'; client: string; frame: string }>
  | Readonly<{ kind: 'closes'; client: string }>
  | Readonly<{
      kind: 'http'
      target: string
      headers: Readonly<Record<string, string>>
      body: string
      status: number
      answerHeaders: Readonly<Record<string, string>>
      answer: string
    }>

/** The fenced blocks named `exchange` of a document, in their order. */
export function recordedExchanges(document: string): readonly (readonly Step[])[] {
  return [...document.matchAll(/^```exchange\n([\s\S]*?)^```$/gm)].map(([, block]) => stepsOf(block!))
}

function stepsOf(block: string): readonly Step[] {
  // An indented line goes on with the one above.
  const text = block.replace(/\n +/g, '').trimEnd()
  return text.startsWith('POST ') ? [httpStep(text)] : text.split('\n').map(frameStep)
}

function frameStep(line: string): Step {
  const [, client, sign, rest] = /^([A-Z])(>|<| closes) ?(.*)$/.exec(line) ?? []
  if (client === undefined) throw new Error(`no frame: ${line}`)
  if (sign === ' closes') return { kind: 'closes', client }
  return { kind: sign === '>' ? 'send' : 'receive', client, frame: rest! }
}

function httpStep(text: string): Step {
  const [head, body, answerHead, answer] = text.split('\n\n') as [string, string, string, string]
  const [first, ...headers] = head.split('\n')
  const [status, ...answerHeaders] = answerHead.split('\n')
  return {
    kind: 'http',
    target: first!.slice('POST '.length),
    headers: headersOf(headers),
    body,
    status: Number(status),
    answerHeaders: headersOf(answerHeaders),
    answer,
  }
}

const headersOf = (lines: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    lines.map((line) => {
      const [name = '', value = ''] = line.split(': ')
      return [name.toLowerCase(), value]
    }),
  )
