import type { Limits } from '@satchel/protocol'
import type { RecordsLinkKey } from '../../access/records-link.js'
import type { DatasetWrite, WriteOutcome } from '../../domain/dataset-write.js'
import type { BulkPublishStore } from '../bulk-publish-store.js'
import type { LeaseStore } from '../lease-store.js'
import { linkMaker } from '../stream-storage.js'
import { advanceBulkPublish } from './sqlite-bulk-publish.js'
import { commitGroup } from './sqlite-commit.js'
import { releaseLeases, takeLeases } from './sqlite-leases.js'
import { markPublished, pruneOutbox, type Mark, type OutboxRule, type PruneRange } from './sqlite-outbox.js'
import type { Statements } from './statements.js'

/** What the thread works with. */
export type ThreadContext = Readonly<{ statements: Statements; relay: boolean; linkKey: RecordsLinkKey | null }>

/** What every work that puts rows into the outbox is told. */
export type WithPublicUrl = Readonly<{ publicUrl: string | null }>

export type CommitGroup = Readonly<{ writes: readonly DatasetWrite[]; limits: Limits }>

/**
 * An outcome as it comes back: the records of an accepted batch are left out, since they follow from what was sent and the
 * count it took.
 */
export type ThreadOutcome =
  Omit<Extract<WriteOutcome, { kind: 'accepted' }>, 'written'> | Exclude<WriteOutcome, { kind: 'accepted' }>

/**
 * All that is done in the commit thread, each in a transaction of its own: the commits, and whatever else is written often enough
 * that the disk would hold up the thread that answers, and that a write of another connection would make this one forget its pages.
 */
export const threadWork = {
  commit: (context: ThreadContext, { writes, limits, publicUrl }: CommitGroup & WithPublicUrl) =>
    commitGroup(context.statements, { writes, limits }, ruleOf(context, publicUrl)).map(withoutRecords),

  advance: (
    context: ThreadContext,
    { publicUrl, ...request }: Parameters<BulkPublishStore['advance']>[0] & WithPublicUrl,
  ) =>
    context.statements.transaction(() => advanceBulkPublish(context.statements, request, ruleOf(context, publicUrl))),

  markPublished: ({ statements }: ThreadContext, marks: readonly Mark[]) =>
    statements.transaction(() => marks.map((mark) => markPublished(statements, mark))),

  prune: ({ statements }: ThreadContext, range: PruneRange) =>
    statements.transaction(() => pruneOutbox(statements, range)),

  takeLeases: ({ statements }: ThreadContext, request: Parameters<LeaseStore['take']>[0]) =>
    statements.transaction(() => takeLeases(statements, request)),

  releaseLeases: ({ statements }: ThreadContext, request: Parameters<typeof releaseLeases>[1]) =>
    statements.transaction(() => releaseLeases(statements, request)),
}

export type ThreadWork = typeof threadWork
export type WorkName = keyof ThreadWork
export type WorkRequest<Name extends WorkName> = Parameters<ThreadWork[Name]>[1]
export type WorkAnswer<Name extends WorkName> = ReturnType<ThreadWork[Name]>

const ruleOf = ({ relay, linkKey }: ThreadContext, publicUrl: string | null): OutboxRule => ({
  relay,
  link: linkMaker(linkKey, publicUrl),
})

const withoutRecords = (outcome: WriteOutcome): ThreadOutcome =>
  outcome.kind === 'accepted' ? { kind: outcome.kind, dataset: outcome.dataset } : outcome
