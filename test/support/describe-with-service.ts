export type Needed = Readonly<{
  /** As a sentence has it: "a Redis". */
  what: string
  /** Says what is not there and how to get it; null where nothing is missing. */
  missing: string | null
}>

/** Tests that need something of the machine. Where it is not there they are replaced by a single one, which says so aloud, and fails where CI asks for everything. */
export function describeWhereThereIs({ what, missing }: Needed, name: string, tests: () => void): void {
  if (missing === null) return describe(name, tests)
  describe(name, () => {
    test(`${what} is there, or its absence is said aloud`, () => {
      if (process.env['CI'] === 'true') throw new Error(missing)
      process.stderr.write(`\n${'!'.repeat(80)}\n${missing}\n${'!'.repeat(80)}\n\n`)
    })
  })
}

export type Service<T> = Needed &
  Readonly<{
    start: () => Promise<T>
    /** Where starting may take longer than a test. */
    startMsMax?: number
  }>

/** Tests that need a real service, which is started for all of them together and ended whatever becomes of them. */
export function describeWithService<T extends Readonly<{ end(): Promise<unknown> }>>(
  service: Service<T>,
  name: string,
  tests: (started: () => T) => void,
): void {
  describeWhereThereIs(service, name, () => {
    let started: T | null = null
    beforeAll(async () => {
      started = await service.start()
    }, service.startMsMax)
    afterAll(() => started?.end())
    tests(() => started!)
  })
}
