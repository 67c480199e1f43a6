import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** A statement as it stands in a source file. */
export type SourceStatement = Readonly<{
  /** Of the file, without its ending. */
  file: string
  /** Of the constant. */
  name: string
  text: string
  /** Matches the statement as it is sent, whatever was put into its gaps. */
  pattern: RegExp
}>

/** Every statement that a folder's files prepare under a name, tests left out. */
export function sourceStatements(folder: string): readonly SourceStatement[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  return files.flatMap((file) => {
    const source = readFileSync(join(folder, file), 'utf8')
    const texts = new Map([...source.matchAll(TEXT)].map(([, name, text]) => [name!, text!]))
    return [...source.matchAll(STATEMENT)].map(([, name, , written]) => {
      const text = written!.replace(GAP, (gap, inner: string) => texts.get(inner) ?? gap)
      return { file: basename(file, '.ts'), name: name!, text, pattern: patternOf(text) }
    })
  })
}

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split(GAP_ALONE)
      .map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*')}$`,
  )

const STATEMENT = /const (\w+) =\s*(?:\{\s*\.\.\.)?prepared\(\s*(['"`])([^]*?)\2,?\s*\)/g
const TEXT = /const (\w+) = `([^`]*)`/g
const GAP = /\$\{(\w+)\}/g
const GAP_ALONE = /\$\{[^}]*\}/
