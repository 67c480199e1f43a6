/**
 * Every rule of docs/SPEC.md must be quoted by the name of at least one test, and every rule a test quotes must
 * be in docs/SPEC.md. Run by `npm run check`.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const RULE = /^- \*\*([A-Z]+\d+)\*\*/gm
/** The beginning of a test's name, alone or as the first member of a row of `test.each`. */
const NAME_OF_TEST = /[([]\s*(?:`|'|")((?:\[[A-Z]+\d+(?:, ?[A-Z]+\d+)*\] ?)+)/g

const spec = readFileSync('docs/SPEC.md', 'utf8')
const rules = [...spec.matchAll(RULE)].map(([, id]) => id)
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.spec.ts', '*.contract.ts'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter(Boolean)
const quoted = new Map()
for (const file of files) {
  for (const [, ids] of readFileSync(file, 'utf8').matchAll(NAME_OF_TEST)) {
    for (const [id] of ids.matchAll(/[A-Z]+\d+/g)) quoted.set(id, file)
  }
}

const faults = [
  ...rules.filter((id, at) => rules.indexOf(id) !== at).map((id) => `rule ${id} stands twice in docs/SPEC.md`),
  ...rules.filter((id) => !quoted.has(id)).map((id) => `rule ${id} of docs/SPEC.md is quoted by no test`),
  ...[...quoted]
    .filter(([id]) => !rules.includes(id))
    .map(([id, file]) => `${file} quotes ${id}, which docs/SPEC.md does not have`),
]
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.stdout.write(`${rules.length} rules, ${quoted.size} quoted by tests in ${files.length} files\n`)
process.exit(faults.length === 0 ? 0 : 1)
