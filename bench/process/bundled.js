import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const SUPPORT = new URL('../../test/support/', import.meta.url)
const BUILT = new URL('../../.cache/bench/', import.meta.url)

/**
 * A module of the tests' support as JavaScript, so that a real service is started here as it is there. What it finds
 * beside itself is where its source is.
 */
export async function supportModule(path) {
  const source = new URL(path, SUPPORT)
  const outfile = fileURLToPath(new URL(path.replaceAll('/', '-').replace(/\.ts$/, '.js'), BUILT))
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(source.href) },
  })
  return import(outfile)
}
