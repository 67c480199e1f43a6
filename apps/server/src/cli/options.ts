import { parseArgs } from 'node:util'
import { UsageFault } from './command.js'

type Options = Readonly<Record<string, Readonly<{ type: 'boolean' | 'string'; short?: string }>>>

/** What was given of options. */
export type Given<T extends Options> = {
  readonly [Name in keyof T]?: T[Name]['type'] extends 'boolean' ? boolean : string
}

/** The options of a command; throws a {@link UsageFault} for one that it does not have, and for anything that is no option. */
export function optionsOf<T extends Options>(options: T, args: readonly string[]): Given<T> {
  return parse(options, args, false).given
}

/** The options of a command that takes one operand, and that; null for none. Throws as {@link optionsOf}, and for a second one. */
export function optionsAndOperandOf<T extends Options>(
  options: T,
  args: readonly string[],
): Readonly<{ given: Given<T>; operand: string | null }> {
  const { given, operands } = parse(options, args, true)
  if (operands.length > 1) throw new UsageFault(`Unexpected argument '${operands[1]}'`)
  return { given, operand: operands[0] ?? null }
}

function parse<T extends Options>(options: T, args: readonly string[], allowPositionals: boolean) {
  try {
    const parsed = parseArgs({ options: { ...options }, args: [...args], strict: true, allowPositionals })
    return { given: parsed.values as Given<T>, operands: parsed.positionals }
  } catch (fault) {
    throw new UsageFault(fault instanceof Error ? fault.message : 'the options make no sense')
  }
}
