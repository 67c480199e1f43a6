import { faultSentences } from './fault-sentence.js'
import type { AuditResult, StreamFinding } from './findings.js'

/** What an audit found, for a person. */
export function auditReport(result: AuditResult): string {
  const { counts, findings, streams } = result
  const seconds = ((result.endedAt - result.startedAt) / 1_000).toFixed(1)
  const lines = [
    `Audit of ${streams.length} stream${streams.length === 1 ? '' : 's'}, ${seconds} s`,
    ...streams.flatMap(streamLines),
    '',
    ...table([
      ['datasets', counts.datasets, 'that streamed'],
      ['changes', counts.changes, 'in the topics, each behind the one before'],
      ['repeated', counts.repeated, `messages of changes that were there already, ${compared(counts)}`],
      ['snapshots', counts.snapshots, 'of whole datasets, by bulk publish'],
      ['healed', counts.healed, 'gaps that later messages filled'],
      ['not streamed', counts.skipped, 'counts, accepted while the stream was off'],
      ['waiting', counts.waiting, 'datasets whose newest changes are not published yet'],
      ['not judged', counts.unjudged, 'datasets, of what is older than their topic still holds'],
      ['gone', counts.gone, 'datasets that the store no longer has'],
      ['faulty', counts.faulty, 'datasets'],
    ]),
    '',
    ...findings.flatMap((finding) => [
      `${finding.identity}/${finding.dataset}  (pool ${finding.pool}, stream ${finding.streamName})`,
      ...faultSentences(finding).map((sentence) => `  ${sentence}`),
    ]),
  ]
  if (counts.faulty > findings.length) lines.push(`… and ${counts.faulty - findings.length} more datasets at fault`)
  lines.push(...(findings.length > 0 ? [''] : []), closing(result))
  return `${lines.join('\n')}\n`
}

/** The same for a program; one line. */
export const auditJson = ({ lacking: _, ...result }: AuditResult): string =>
  `${JSON.stringify({
    ...result,
    fine: result.counts.faulty === 0,
    findings: result.findings.map((finding) => ({ ...finding, sentences: faultSentences(finding) })),
  })}\n`

function streamLines({ streamName, found, messages, foreign, trimmed }: StreamFinding): readonly string[] {
  if (!found) return [`  ${streamName}: there is no such topic`]
  const lines = [`  ${streamName}: ${messages} messages`]
  if (foreign > 0) lines.push(`    ${foreign} of them are not of a change stream: something else writes to this topic`)
  if (trimmed.length > 0) {
    lines.push(
      `    the beginning of partition${trimmed.length === 1 ? '' : 's'} ${trimmed.join(', ')} was removed (retention, or by hand): older changes are not judged`,
    )
  }
  return lines
}

const compared = ({ uncompared }: AuditResult['counts']): string =>
  uncompared === 0 ? 'all the same' : `${uncompared} of them of changes too long past to be compared`

function table(rows: readonly (readonly [string, number, string])[]): readonly string[] {
  const shown = rows.filter(
    ([name, count]) => count > 0 || ['datasets', 'changes', 'repeated', 'faulty'].includes(name),
  )
  const width = Math.max(...shown.map(([, count]) => String(count).length))
  return shown.map(([name, count, meaning]) => `  ${name.padEnd(12)}  ${String(count).padStart(width)}  ${meaning}`)
}

function closing({ counts, findings }: AuditResult): string {
  if (counts.faulty === 0) return 'Nothing is missing, nothing is out of order.'
  const repairable = findings.filter(({ reach }) => reach !== null && reach.from !== null).length
  return repairable === 0
    ? 'Something is wrong, and the change log cannot mend it.'
    : `Something is wrong. --repair publishes again what the change log has for ${repairable} of these datasets.`
}
