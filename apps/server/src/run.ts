import { UsageFault } from './cli/command.js'
import { commandOf } from './cli/commands.js'
import { keepAlive } from './runtime/keep-alive.js'

/** Of a call that makes no sense. */
const MISUSED = 2

const [given, fault] = [process.argv.slice(2), 'npx satchel help lists the commands']
const { command, args } = commandOf(given)

if (command === undefined) {
  process.stderr.write(`there is no command ${JSON.stringify(given[0])}; ${fault}\n`)
  process.exit(MISUSED)
}
// Nothing of what a command waits for keeps a process alive, be it time or a connection that rests: it would end well, having done nothing.
const release = keepAlive()
command
  .load()
  .then((module) => module.run(args))
  .then(
    // Behind what was written before: a pipe may still be taking it.
    (code) => (code === null ? release() : process.stdout.write('', () => process.exit(code))),
    (thrown: unknown) => {
      process.stderr.write(`${thrown instanceof Error ? thrown.message : 'it failed'}\n`)
      process.exit(thrown instanceof UsageFault ? MISUSED : 1)
    },
  )
