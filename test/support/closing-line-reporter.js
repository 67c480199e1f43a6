import { mkdirSync, writeFileSync } from 'node:fs'

/** Prints the run's own counts as its last line and keeps them for .ci/run. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    // A suite that could not even be loaded has no failed test in it, and yet is a failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const line = `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests + results.numTodoTests} skipped`
    mkdirSync('.cache', { recursive: true })
    writeFileSync('.cache/test-result', `${line}\n`)
    process.stdout.write(`${line}\n`)
  }
}
