/** How long each SQL statement took, as text; statements that differ in nothing but their number of rows count as one. */
export function statementSummary(statements, requests) {
  const bySql = new Map()
  for (const { sql, ms, times } of statements) {
    const name = shortened(sql)
    const held = bySql.get(name) ?? { ms: 0, times: 0 }
    bySql.set(name, { ms: held.ms + ms, times: held.times + times })
  }
  const rows = [...bySql].sort(([, a], [, b]) => b.ms - a.ms)
  const sum = rows.reduce((all, [, { ms }]) => all + ms, 0)
  return [
    `SQL statements: ${perRequest(sum, requests)} µs a request inside SQLite`,
    ...rows.map(
      ([name, { ms, times }]) =>
        `  ${perRequest(ms, requests).padStart(7)} µs a request  ${String(times).padStart(6)} ×  ` +
        `${((ms / times) * 1_000).toFixed(0).padStart(6)} µs  ${name}`,
    ),
  ].join('\n')
}

const perRequest = (ms, requests) => ((ms * 1_000) / requests).toFixed(1)

const shortened = (sql) =>
  sql
    .replace(/\s+/g, ' ')
    .replace(/\(\?[?, ]*\)(, \(\?[?, ]*\))*/g, '(…)')
    .slice(0, 100)
