import { UsageFault, type Command, type CommandModule } from './command.js'

/** The command that prints every command, or how one is called. */
export const help = (commands: readonly Command[]): CommandModule => ({
  usage: 'npx satchel help [command]\n',
  async run([name, ...more]) {
    if (more.length > 0) throw new UsageFault(`help takes one command, not ${more.length + 1}`)
    process.stdout.write(name === undefined ? list(commands) : await usageOf(commands, name))
    return 0
  },
})

const list = (commands: readonly Command[]): string =>
  [
    'npx satchel <command>',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`),
    '',
    'Settings come from the environment: npx satchel --help lists them.',
    '',
  ].join('\n')

async function usageOf(commands: readonly Command[], name: string): Promise<string> {
  const command = commands.find((known) => known.name === name)
  if (command === undefined) throw new UsageFault(`there is no command ${JSON.stringify(name)}`)
  return (await command.load()).usage
}
