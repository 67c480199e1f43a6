/** Bundles the simulation, since Node 20 runs no TypeScript, and runs it; see main.ts for its options. */
import { build } from 'esbuild'

const outfile = '.cache/simulation/main.mjs'
await build({
  entryPoints: ['test/simulation/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  packages: 'external',
  alias: { '@satchel/protocol': './libs/protocol/src/index.ts' },
  tsconfig: 'test/tsconfig.json',
})
await import(new URL(`../../${outfile}`, import.meta.url))
