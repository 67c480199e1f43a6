/**
 * The bound on what `@satchel/client` adds to an app: its own JavaScript, minified and gzipped, without sql.js and
 * socket.io, which it brings along as they are. Takes the client as `tsc -b libs/client` left it.
 */
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const BYTES_MAX = 15_360

const { outputFiles } = await build({
  stdin: { contents: "export * from '@satchel/client'", resolveDir: import.meta.dirname },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  external: ['socket.io-client', 'sql.js'],
  legalComments: 'none',
  write: false,
})
const [{ contents }] = outputFiles
const gzipped = gzipSync(contents, { level: 9 }).length
process.stdout.write(
  `@satchel/client: ${gzipped} bytes gzipped, ${contents.length} before, without sql.js and socket.io; at most ${BYTES_MAX}\n`,
)
if (gzipped > BYTES_MAX) {
  process.stderr.write(`that is ${gzipped - BYTES_MAX} bytes too many\n`)
  process.exitCode = 1
}
