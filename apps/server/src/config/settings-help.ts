import { settingRows, type SettingRow } from './settings-table.js'

/** The text of `--help`: how to start, and every setting. */
export function settingsHelp(): string {
  const rows = settingRows.map(
    (row) => `  ${row.name}  [${defaultOf(row)}]\n${wrapped(`${row.meaning} Allowed: ${row.allowed}.`, '      ')}`,
  )
  return [
    'Satchel: a self-hosted Amazon Cognito Sync, with the identity service it needs.',
    '',
    '  npm start                 starts the server',
    '  npm start -- --new-epoch  to be run once after a backup was put back, before any server: devices',
    '                            that saw what came after it start over, and send what they have of it',
    '  npm start -- --help       prints this',
    '  npx satchel help          lists the other commands, such as the audit of the change stream',
    '',
    'Settings come from the environment; all of them are checked before the port opens. [default]',
    '',
    ...rows,
    '',
  ].join('\n')
}

/** The README's table of settings; a check compares the two. */
export function settingsMarkdown(): string {
  const rows = settingRows.map(
    (row) => `| \`${row.name}\` | ${markdownDefault(row)} | ${cell(row.meaning)} | ${cell(row.allowed)} |`,
  )
  return ['| variable | default | meaning | allowed |', '| --- | --- | --- | --- |', ...rows, ''].join('\n')
}

const defaultOf = (row: SettingRow): string => row.fallback ?? row.otherwise ?? ''

const markdownDefault = (row: SettingRow): string =>
  row.fallback === undefined ? cell(row.otherwise ?? '') : `\`${row.fallback}\``

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '\\<')

/** Lines of at most 100 characters. */
function wrapped(text: string, indent: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (indent.length + line.length + 1 + word.length > 100) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.map((line) => indent + line).join('\n')
}
