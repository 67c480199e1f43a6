import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingRows } from './settings-table.js'
import { settingsHelp, settingsMarkdown } from './settings-help.js'

test('[O11] the help names every setting, its default and what is allowed, in lines that fit a terminal', () => {
  const help = settingsHelp()
  for (const { name, fallback } of settingRows) {
    expect(help).toContain(`  ${name}  [${fallback ?? ''}`)
  }
  expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
})

test('[O11] the README table has one row of four cells for every setting', () => {
  const [head, rule, ...rows] = settingsMarkdown().trimEnd().split('\n')
  expect([head, rule]).toEqual(['| variable | default | meaning | allowed |', '| --- | --- | --- | --- |'])
  expect(rows).toHaveLength(settingRows.length)
  for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(6)
})

test('[O11] the README holds that very table', () => {
  const readme = readFileSync(join(process.cwd(), 'README.md'), 'utf8')
  const held = readme.slice(readme.indexOf('<!-- settings -->'), readme.indexOf('<!-- /settings -->'))
  expect(held.replace('<!-- settings -->', '').trim()).toBe(settingsMarkdown().trim())
})
