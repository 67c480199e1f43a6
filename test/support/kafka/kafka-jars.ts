import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { mayRun } from '../may-run.js'

const CACHE = fileURLToPath(new URL('../../../.cache/', import.meta.url))
const JARS = join(CACHE, 'kafka-4.3.0')
const POM = fileURLToPath(new URL('pom.xml', import.meta.url))
const DOWNLOAD_MS_MAX = 240_000

/** What Kafka's tests need and is not installed; the jars stay once they were fetched, so Maven is needed once. */
export function missingForKafka(): readonly string[] {
  return ['java', ...(existsSync(JARS) ? [] : ['mvn']), 'kcat', 'openssl'].filter((name) => !isInstalled(name))
}

/** The folder of Kafka's jars; fetched when it is not there, by several processes at once if need be. */
export async function kafkaJars(): Promise<string> {
  if (existsSync(JARS)) return JARS
  mkdirSync(CACHE, { recursive: true })
  const part = `${JARS}.${process.pid}.part`
  const copy = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${part}`]
  await promisify(execFile)('mvn', ['-B', '-q', '-f', POM, ...copy], { timeout: DOWNLOAD_MS_MAX })
  // Renamed when it is whole, so that half a download is never taken for one.
  try {
    renameSync(part, JARS)
  } catch (fault) {
    rmSync(part, { recursive: true, force: true })
    if (!existsSync(JARS)) throw fault
  }
  return JARS
}

const isInstalled = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => mayRun(join(folder, name)))
