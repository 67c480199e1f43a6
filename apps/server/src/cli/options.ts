import { parseArgs } from 'node:util'
import { UsageFault } from './command.js'

type Options = Readonly<Record<string, Readonly<{ type: 'boolean' | 'string'; short?: string }>>>

/** What was given of options. */
export type Given<T extends Options> = {
  readonly [Name in keyof T]?: T[Name]['type'] extends 'boolean' ? boolean : string
}

/** The options of a command; throws a {@link UsageFault} for one that it does not have, and for anything that is no option. */
export function optionsOf<T extends Options>(options: T, args: readonly string[]): Given<T> {
  try {
    const { values } = parseArgs({ options: { ...options }, args: [...args], strict: true, allowPositionals: false })
    return values
  } catch (fault) {
    throw new UsageFault(fault instanceof Error ? fault.message : 'the options make no sense')
  }
}
