import type { LoggerService } from '@nestjs/common'
import type { Logger } from 'pino'

/**
 * What Nest has to say, as lines of our log. Its notes about every module and route that it sets up are of use
 * to nobody but us, so they are one level lower here.
 */
export class NestLog implements LoggerService {
  constructor(private readonly lines: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest)
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest)
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest)
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest)
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest)
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest)
  }

  /** Nest puts the name of the part that speaks last; before it may stand a stack, and it may hand over errors. */
  private write(
    level: 'trace' | 'debug' | 'warn' | 'error' | 'fatal',
    message: unknown,
    rest: readonly unknown[],
  ): void {
    if (!this.lines.isLevelEnabled(level)) return
    const context = rest.at(-1)
    const from = typeof context === 'string' && !context.includes('\n') ? { from: context } : {}
    const err = [message, ...rest].find((part) => part instanceof Error)
    this.lines[level](err === undefined ? from : { ...from, err }, textOf(message))
  }
}

/** Objects are left out: who knows what is in them. */
const textOf = (message: unknown): string => (typeof message === 'string' ? message : 'Nest reports an object')
