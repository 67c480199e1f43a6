/**
 * Measures in rounds, each of all that is compared, so that whatever else the machine does falls on all alike. The first
 * ones, `warmUps` of them, warm up and are left out. `measure` answers a round's figure by kind, `line` says it; the answer has each kind's
 * figures, round by round.
 */
export async function inRounds({ quick, say }, { measure, line, warmUps = 1 }) {
  const rounds = quick ? 3 : 7
  const figures = {}
  for (let round = 1 - warmUps; round <= rounds; round++) {
    const one = await measure(round + warmUps - 1)
    if (round <= 0) continue
    for (const [kind, figure] of Object.entries(one)) (figures[kind] ??= []).push(figure)
    say(`round ${round}: ${line(one)}`)
  }
  return figures
}
