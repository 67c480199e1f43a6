export * from './api.js'
export { ConnectionFault, type ConnectionFaultKind } from './transport/transport.js'
export { JournalFault, type JournalFaultKind } from './journal/journal.js'
export type { Status } from './status.js'
