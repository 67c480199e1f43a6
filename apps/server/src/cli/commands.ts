import { createRequire } from 'node:module'
import type { Command, CommandModule } from './command.js'

/*
 * The server is required rather than imported: so Node loads the several hundred modules of a start one after the other, without
 * sending each of them through its thread pool.
 */
const loadStart = (): CommandModule => createRequire(import.meta.url)('./start.js') as CommandModule

/** Every command, in the order in which they are listed. */
export const commands: readonly Command[] = [
  {
    name: 'start',
    summary: 'starts the server; so does no command at all',
    load: () => Promise.resolve(loadStart()),
  },
  {
    name: 'backup',
    summary: 'writes the embedded database into one file, beside a server that goes on',
    load: () => import('./backup.js'),
  },
  {
    name: 'restore',
    summary: 'makes a backup the embedded database, in a new epoch',
    load: () => import('./restore.js'),
  },
  {
    name: 'copy',
    summary: 'moves a site from the embedded database to PostgreSQL',
    load: () => import('./copy.js'),
  },
  {
    name: 'keys',
    summary: 'shows which master keys and signing keys there are, without secrets',
    load: () => import('./keys.js'),
  },
  {
    name: 'rotate-keys',
    summary: 'exchanges them, beside servers that go on',
    load: () => import('./rotate-keys.js'),
  },
  {
    name: 'migrate',
    summary: 'brings the tables of the database up to this version, before servers do',
    load: () => import('./migrate.js'),
  },
  {
    name: 'audit-stream',
    summary: 'proves that no change is missing in Kafka, and publishes again what is',
    load: () => import('./audit-stream.js'),
  },
  {
    name: 'help',
    summary: 'prints this, or with a command how it is called',
    load: async () => (await import('./help.js')).help(commands),
  },
]

/** The command that arguments ask for, with its own arguments; undefined for one that there is not. */
export function commandOf(
  args: readonly string[],
): Readonly<{ command: Command | undefined; args: readonly string[] }> {
  const [first = 'start', ...rest] = args
  if (first === '-h' || first === '--help' || first === '--new-epoch') return { command: named('start'), args }
  return { command: named(first), args: rest }
}

const named = (name: string): Command | undefined => commands.find((command) => command.name === name)
