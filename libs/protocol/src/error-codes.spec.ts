import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCodes, type ErrorFacts } from './error-codes.js'

const rows = readFileSync(join(process.cwd(), 'docs/ERRORS.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| [A-Z]/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

test('[F1] docs/ERRORS.md tells name and status of every code, in order, and cause and remedy too', () => {
  const documented = rows.map(([, code, name, status]) => [code, name, Number(status)])
  const coded = (Object.entries(errorCodes) as [string, ErrorFacts][]).map(([code, { aws, sts, status }]) => [
    code,
    sts === undefined ? aws : `${aws} [${sts}]`,
    status,
  ])
  expect(documented).toEqual(coded)
  for (const [, , , , cause, remedy] of rows) expect([cause, remedy]).not.toContain('')
})
