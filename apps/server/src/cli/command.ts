/** What a module of a command exports. */
export type CommandModule = Readonly<{
  /** How it is called, for a person. */
  usage: string
  /**
   * Does it; answers the exit code, or null where the process goes on by itself. Throws a {@link UsageFault} for arguments that make no sense,
   * and what it cannot do for other reasons.
   */
  run(args: readonly string[]): Promise<number | null>
}>

/** A command of `npx satchel`. */
export type Command = Readonly<{
  name: string
  /** One line. */
  summary: string
  /** Loads its module, and what that needs, only now. */
  load(): Promise<CommandModule>
}>

/** Arguments that make no sense; a sentence. */
export class UsageFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageFault'
  }
}
