import { snippetsFor } from './snippets.js'

export type WelcomeFacts = Readonly<{
  /** Where the server listens. */
  listenUrl: string
  /** How clients reach it. */
  publicUrl: string
  region: string
  dataDir: string
  /** Of the database that servers share, as far as it may be shown; null for the embedded one in the directory. */
  database: string | null
  /** null when the admin credentials were given as settings. */
  adminFile: string | null
  /** Where health and metrics are, when they are on a port of their own. */
  adminUrl: string | null
  /** Id of the demo pool; null when the demo is off. */
  demoPool: string | null
  loopback: boolean
  warnings: readonly string[]
}>

/** What somebody who has just started a server reads: where it is, and how to use it within a minute. */
export function welcomeText(facts: WelcomeFacts): string {
  return `${[whereThingsAre(facts), demo(facts), warned(facts)].filter((part) => part !== '').join('\n\n')}\n`
}

function whereThingsAre({
  listenUrl,
  publicUrl,
  region,
  dataDir,
  database,
  adminFile,
  adminUrl,
}: WelcomeFacts): string {
  const health = adminUrl ?? listenUrl
  return [
    `Satchel is ready: ${listenUrl}`,
    '',
    `  endpoint  ${publicUrl}, region ${region}`,
    `  data      ${database === null ? dataDir : `PostgreSQL at ${database}`}`,
    adminFile === null
      ? '  account   credentials as given by SATCHEL_ADMIN_ACCESS_KEY_ID'
      : `  account   credentials in ${adminFile}\n            (AWS_SHARED_CREDENTIALS_FILE=${adminFile})`,
    `  health    ${health}/health/ready and ${health}/metrics`,
  ].join('\n')
}

/** What is convenient and not safe is called that. */
function demo({ listenUrl, publicUrl, region, demoPool, loopback }: WelcomeFacts): string {
  if (demoPool === null) return ''
  const who = loopback ? 'every program on this machine' : 'EVERYBODY WHO REACHES THIS SERVER'
  const shown = snippetsFor({ endpoint: publicUrl, region, pool: demoPool }).filter(({ id }) => id !== 'boto3')
  return [
    `Try it in a browser: ${listenUrl}/`,
    `Or in an app, with the identity pool "demo": ${demoPool}`,
    `It takes guests, ${who} among them; SATCHEL_DEMO=off takes page and pool hint away.`,
    ...shown.map(({ title, packages, code }) => `\n  ${title} (${packages})\n\n${indented(code)}`),
  ].join('\n')
}

const warned = ({ warnings }: WelcomeFacts): string => warnings.map((warning) => `Warning: ${warning}`).join('\n')

const indented = (code: string): string => code.trimEnd().replace(/^(?=.)/gm, '    ')
