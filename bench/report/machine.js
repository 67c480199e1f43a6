import { execFileSync } from 'node:child_process'
import { arch, cpus, loadavg, platform, release, tmpdir, totalmem } from 'node:os'
import Database from 'better-sqlite3'

/** What the figures were measured on, as far as it can be asked. */
export function machineFacts() {
  const memory = new Database(':memory:')
  const { sqlite } = memory.prepare('SELECT sqlite_version() AS sqlite').get()
  memory.close()
  const [cpu] = cpus()
  return {
    processor: cpu === undefined ? 'unknown' : cpu.model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    sqlite,
    disk: `${tmpdir()} on ${fileSystemOf(tmpdir())}`,
    loadBefore: loadavg()[0],
  }
}

/** One sentence for the head of the table. */
export const machineLine = ({ processor, cores, memoryGiB, system, node, sqlite, disk, loadBefore }) =>
  `${cores} × ${processor}, ${memoryGiB} GiB, ${system}; Node ${node}, SQLite ${sqlite}; ${disk}; ` +
  `load average before ${loadBefore.toFixed(2)}`

/** A data directory in memory would make every commit look durable for nothing, so the table says where it is. */
function fileSystemOf(path) {
  try {
    const [, line = ''] = execFileSync('df', ['-T', path], { encoding: 'utf8' }).split('\n')
    return line.split(/\s+/)[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
