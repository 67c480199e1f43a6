import { violated, type Parsed } from '@satchel/protocol'
import { refuseViolations } from '../../refusal.js'

/** Refuses one member of a request, in the words of its violation (H11). */
export function refuseMember(at: string, sent: unknown, constraint: string): never {
  return accepted(violated(at, sent, constraint))
}

/** What a parser made of a member; refuses where it made nothing. */
export function accepted<T>(parsed: Parsed<T>): T {
  return parsed.ok ? parsed.value : refuseViolations('InvalidParameter', [parsed.violation])
}
