/**
 * Makes `dist` out of `src`: scripts and styles under names that change with their content, the page that refers to them,
 * and the client as one module, `satchel-client.js`, for pages that are made without a bundler. Takes the client as
 * `tsc -b libs/client` left it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const SOURCE = fileURLToPath(new URL('src/', import.meta.url))
const TARGET = fileURLToPath(new URL('dist/', import.meta.url))

const { metafile, outputFiles } = await build({
  entryPoints: [join(SOURCE, 'demo.ts'), join(SOURCE, 'demo.css'), join(SOURCE, 'icon.svg')],
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: false,
  legalComments: 'none',
  loader: { '.svg': 'copy' },
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  outdir: TARGET,
  metafile: true,
  write: false,
})

const client = await build({
  stdin: { contents: "export * from '@satchel/client'", resolveDir: SOURCE },
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  write: false,
})

mkdirSync(TARGET, { recursive: true })
const names = new Set([...outputFiles.map(({ path }) => basename(path)), 'index.html', 'satchel-client.js'])
for (const { path, contents } of outputFiles) writeFileSync(path, contents)
writeFileSync(join(TARGET, 'satchel-client.js'), client.outputFiles[0].contents)
writeFileSync(join(TARGET, 'index.html'), indexPage())
// A server that is running read its files at its start, so what is left of an earlier build is in nobody's way.
for (const name of readdirSync(TARGET)) if (!names.has(name)) rmSync(join(TARGET, name))

/** The page, with every `/demo/<name>` of the source replaced by the name that the build gave it. */
function indexPage() {
  const named = new Map(
    Object.entries(metafile.outputs)
      .filter(([, { entryPoint }]) => entryPoint !== undefined)
      .map(([path, { entryPoint }]) => [basename(entryPoint), basename(path)]),
  )
  return readFileSync(join(SOURCE, 'index.html'), 'utf8').replace(/"\/demo\/([\w.]+)"/g, (_, name) => {
    const built = named.get(name.replace(/\.js$/, '.ts')) ?? named.get(name)
    if (built === undefined) throw new Error(`index.html refers to /demo/${name}, which the build did not make`)
    return `"/demo/${built}"`
  })
}
