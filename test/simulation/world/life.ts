/**
 * Whether a process or tab runs. Everything that comes to it from outside comes through `run`: a frozen one gets it when it
 * wakes, one that is over never does, so that whatever it was waiting for stays open for ever, as in a crash.
 */
export class Life {
  private readonly held: (() => void)[] = []
  private state: 'running' | 'frozen' | 'over' = 'running'

  /** `later` runs work in a turn of its own, as soon as may be. */
  constructor(
    readonly name: string,
    private readonly later: (work: () => void) => void = (work) => work(),
  ) {}

  get isOver(): boolean {
    return this.state === 'over'
  }

  get isFrozen(): boolean {
    return this.state === 'frozen'
  }

  run(work: () => void): void {
    if (this.state === 'running') work()
    else if (this.state === 'frozen') this.held.push(work)
  }

  freeze(): void {
    if (this.state === 'running') this.state = 'frozen'
  }

  /** What waited comes at once, in its order: each in a turn of its own, as in a browser, so that promises settle between. */
  wake(): void {
    if (this.state !== 'frozen') return
    this.state = 'running'
    for (const work of this.held.splice(0)) this.later(() => this.run(work))
  }

  end(): void {
    this.state = 'over'
    this.held.length = 0
  }
}
