import { createRequire } from 'node:module'

/** Required rather than imported, so that the server that it may start is loaded in one go; see `cli/commands.ts`. */
createRequire(import.meta.url)('./run.js')
