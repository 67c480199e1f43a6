/**
 * What `@satchel/client` adds to an app: its own JavaScript, minified and gzipped, without sql.js and socket.io, which it
 * brings along as they are. Held to two bounds, so that neither grows unseen: what an app loads at its start, and all
 * that the first `openClient` loads with sql.js. Takes the client as `tsc -b libs/client` left it.
 */
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** The goal for everything together; docs/PERFORMANCE.md says why it is missed. */
const GOAL = 15_360
const START_MAX = 4_096
const TOTAL_MAX = 36_200

const { outputFiles } = await build({
  stdin: { contents: "export * from '@satchel/client/browser'", resolveDir: import.meta.dirname },
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  external: ['socket.io-client', 'sql.js'],
  legalComments: 'none',
  outdir: '/',
  write: false,
})
const sizes = new Map(outputFiles.map(({ path, contents }) => [path, gzipSync(contents, { level: 9 }).length]))
const textOf = new Map(outputFiles.map(({ path, text }) => [path, text]))
const start = [...reached('/stdin.js')].reduce((sum, path) => sum + sizes.get(path), 0)
const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)

process.stdout.write(
  `@satchel/client: ${total} bytes gzipped in all, goal ${GOAL}, bound ${TOTAL_MAX}; ` +
    `${start} of them at an app's start, bound ${START_MAX}\n`,
)
if (total > TOTAL_MAX || start > START_MAX) {
  process.stderr.write('the client has grown past a bound\n')
  process.exitCode = 1
}

/** A chunk and all that it imports statically. */
function reached(path, found = new Set()) {
  found.add(path)
  for (const [, name] of textOf.get(path).matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) {
    if (!found.has(`/${name}`)) reached(`/${name}`, found)
  }
  return found
}
