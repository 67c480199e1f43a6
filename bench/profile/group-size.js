/** What the server itself says of its commits, as text. */
export async function groupSummary(port, before) {
  const after = await commitFigures(port)
  const of = (member) => after[member] - before[member]
  return (
    `${of('commits')} commits of ${(of('writes') / of('commits')).toFixed(1)} writes on average, ` +
    `${((of('seconds') / of('commits')) * 1_000).toFixed(2)} ms each`
  )
}

/** Counters of the write queue so far. */
export async function commitFigures(port) {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const figure = (name) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  return {
    commits: figure('satchel_commit_group_size_count'),
    writes: figure('satchel_commit_group_size_sum'),
    seconds: figure('satchel_commit_seconds_sum'),
  }
}
