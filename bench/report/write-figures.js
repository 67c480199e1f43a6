import { readFileSync, writeFileSync } from 'node:fs'
import { machineLine } from './machine.js'
import { scalingTables } from './scaling.js'
import { shown } from './table.js'

/**
 * Puts the figures of `npm run bench -- postgres nodes` (.cache/bench.json) into docs/PERFORMANCE.md and docs/SCALING.md, between the comments that name this
 * file: `node bench/report/write-figures.js`, then prettier.
 */
const bench = JSON.parse(readFileSync('.cache/bench.json', 'utf8'))
const measuredOn = `Measured by \`${bench.command}\`${bench.quick ? ' (a quick run: not to be quoted)' : ''} on ${machineLine(bench.machine)}.`

put('docs/PERFORMANCE.md', [measuredOn, performanceTable(bench.results)].join('\n\n'))
put('docs/SCALING.md', [measuredOn, scalingTables(bench.results)].join('\n\n'))

function put(file, text) {
  const [begin, end] = ['<!-- begin: bench/report/write-figures.js -->', '<!-- end: bench/report/write-figures.js -->']
  const before = readFileSync(file, 'utf8')
  const [from, to] = [before.indexOf(begin), before.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`${file} has no place for the figures`)
  writeFileSync(file, `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`)
}

function performanceTable(results) {
  const rows = results.map(({ name, goal, value, min, max, unit, notes, met, missedBy }) => {
    const asked = goal === null ? '–' : `${goal.kind === 'at-least' ? '≥' : '≤'} ${goal.value}`
    const verdict = met === null ? '' : met ? 'met' : `**missed** by ${(missedBy * 100).toFixed(0)} %`
    const measured = [
      `${shown(value)} ${unit} (${shown(min)}–${shown(max)})`,
      ...notes.map((note) => note.replace(/\s+/g, ' ')),
    ].join('; ')
    return `| \`${name}\` | ${asked} | ${measured} | ${verdict} |`
  })
  return ['| figure | goal | measured (smallest–largest) | |', '| --- | --- | --- | --- |', ...rows].join('\n')
}
