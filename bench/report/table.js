/** The results as text: a line each, notes below it. */
export function tableOf(results) {
  const rows = results.map((result) => [titleOf(result), figure(result), goalOf(result), verdictOf(result)])
  const head = ['', 'measured (smallest–largest)', 'goal', '']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)))
  const line = (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd()
  return [
    line(head),
    ...results.flatMap(({ notes }, at) => [line(rows[at]), ...notes.map((note) => `      ${note}`)]),
  ].join('\n')
}

const titleOf = ({ title, goal }) => (goal === null ? `  ${title}` : title)

const figure = ({ value, min, max, unit }) => `${shown(value)} ${unit} (${shown(min)}–${shown(max)})`

const goalOf = ({ goal, unit }) =>
  goal === null ? '' : `${goal.kind === 'at-least' ? '≥' : '≤'} ${goal.value} ${unit}`

function verdictOf({ met, missedBy }) {
  if (met === null) return ''
  return met ? 'met' : `MISSED by ${(missedBy * 100).toFixed(missedBy < 0.1 ? 1 : 0)} %`
}

/** Enough digits to tell a ratio, none that only noise has. */
export const shown = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2))

/** 12,345 for notes. */
export const grouped = (value) => Math.round(value).toLocaleString('en-US')
