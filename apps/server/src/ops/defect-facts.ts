const CAUSES_MAX = 3
const STACK_LINES_MAX = 12

/** What a log may know of an error that nobody expected. */
export type DefectFacts = Readonly<{
  name: string
  code?: string
  message?: string
  stack: readonly string[]
  cause?: DefectFacts
}>

/**
 * Describes a defect for the log without the values it happened with: of a failed query only the driver's code,
 * since its text and parameters hold what users store (F5), of a syntax error not the text it quotes.
 */
export function defectFacts(thrown: unknown, causesMax = CAUSES_MAX): DefectFacts {
  if (!(thrown instanceof Error)) return { name: typeof thrown, stack: [] }
  const code = codeOf(thrown)
  return {
    name: thrown.name,
    ...(code === undefined ? {} : { code }),
    ...(mayQuoteValues(thrown) ? {} : { message: thrown.message }),
    stack: framesOf(thrown),
    ...(thrown.cause === undefined || causesMax === 0 ? {} : { cause: defectFacts(thrown.cause, causesMax - 1) }),
  }
}

const mayQuoteValues = (error: Error): boolean =>
  error instanceof SyntaxError || error.name === 'QueryFailedError' || 'parameters' in error || 'query' in error

function codeOf(error: Error): string | undefined {
  const driverError: unknown = 'driverError' in error ? error.driverError : error
  if (typeof driverError !== 'object' || driverError === null || !('code' in driverError)) return undefined
  return typeof driverError.code === 'string' ? driverError.code : undefined
}

/** Only the places; the lines above them repeat the message. */
const framesOf = ({ stack = '' }: Error): string[] =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, STACK_LINES_MAX)
    .map((line) => line.trim())
