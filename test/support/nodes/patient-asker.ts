import { forMs } from '../for-ms.js'
import type { Answer } from '../http-exchange.js'

/** No request may take longer, whatever is killed meanwhile: it is answered, told to come again, or cut. */
const ANSWER_MS_MAX = 20_000

/** What came of asking until there was a definite answer; `unsure` tells that it may have been done before it was asked for the last time. */
export type Asked = Readonly<{ answer: Answer; unsure: boolean }>

export type Patience = Readonly<{
  /** Nobody asks for longer than that without being served. */
  servedMsMax: number
  /** Longest pause before something is asked for again; sooner than the server says, so that there is something to do as it comes back. */
  restMs: number
  /** Here it is written down, in words, when an answer is what no answer may be, or takes too long. */
  faults: string[]
}>

/** Asks until it is answered: whatever is lost, cut or told to come again is asked for again, until it is known what became of it. */
export class PatientAsker {
  readonly seen = { lost: 0, toldToComeAgain: 0, slowestMs: 0 }

  constructor(private readonly patience: Patience) {}

  /** Asks by plain HTTP, until there is an answer that is neither lost nor to come again; rejects when nobody was served in time. */
  async ask(what: string, send: (unsure: boolean) => Promise<Answer>): Promise<Asked> {
    const { servedMsMax, faults } = this.patience
    const deadline = performance.now() + servedMsMax
    for (let unsure = false; ;) {
      const begun = performance.now()
      const answer: Answer | null = await send(unsure).catch(() => null)
      const tookMs = Math.round(performance.now() - begun)
      this.seen.slowestMs = Math.max(this.seen.slowestMs, tookMs)
      if (tookMs > ANSWER_MS_MAX) faults.push(`${what} took ${tookMs} ms`)
      const status: number | undefined = answer?.status
      if (answer !== null && !isToComeAgain(status)) {
        if (answer.status >= 500) faults.push(`${what} was answered ${answer.status}: ${answer.text}`)
        return { answer, unsure }
      }
      if (answer === null) {
        this.seen.lost++
      } else {
        this.seen.toldToComeAgain++
        if (!(Number(answer.headers['retry-after']) > 0)) faults.push(`${what}: ${status} without a time`)
      }
      if (performance.now() > deadline) throw new Error(`${what} was not served; at last ${answer?.text ?? 'cut'}`)
      unsure ||= status !== 429
      await this.rest()
    }
  }

  /** Asks by the SDK, which tries again by itself, and here again when that was not enough; rejects with what it was refused with. */
  async askSdk<T>(send: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.patience.servedMsMax
    for (;;) {
      try {
        return await send()
      } catch (fault) {
        const status = (fault as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
        const isRefused = status !== undefined && !isToComeAgain(status)
        if (isRefused || performance.now() > deadline) throw fault
      }
      await this.rest()
    }
  }

  private rest(): Promise<void> {
    return forMs(Math.random() * this.patience.restMs)
  }
}

const isToComeAgain = (status: number | undefined): boolean => status === 503 || status === 429
