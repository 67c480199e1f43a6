import { checkConvergence } from '../checkers/check-convergence.js'
import { checkOutcomes, checkSaved, writtenValues, type WrittenValues } from '../checkers/check-edits.js'
import { checkIntent } from '../checkers/check-intent.js'
import { checkLog } from '../checkers/replayed-log.js'
import type { DatasetViewed, DeviceView, ServerView, Violation } from '../history.js'
import { isTagged, type Edits } from './edits.js'
import type { People } from './people.js'
import type { SimDevice, SimTab } from './sim-device.js'
import type { Stage } from './stage.js'

/** What can be proven of a run: while tabs open, at rest, and at its end. */
export class Verdict {
  constructor(
    private readonly stage: Stage,
    private readonly edits: Edits,
    private readonly people: () => People,
  ) {}

  /** Everything that can be proven of the run. */
  judge(): void {
    const { server, swarm, findings } = this.stage
    const { log } = server
    const written = this.written()
    const { violations, datasets } = checkLog(log.entries, swarm.limits, isTagged)
    findings.violations.push(...violations, ...this.restFaults())
    findings.violations.push(...checkSaved(this.edits.all, this.views(), written))
    findings.violations.push(...checkOutcomes(this.edits.all, written))
    if (log.undone.length === 0) findings.violations.push(...this.checkIntent())
    for (const path of server.paths()) {
      const replayed = datasets.get(`${path.identity}\n${path.dataset}`)
      const { dataset } = server.held(path)
      if (dataset?.syncCount !== (replayed?.count ?? 0)) {
        findings.found('counts', `${path.dataset} is stored at ${dataset?.syncCount} and was led to ${replayed?.count}`)
      }
    }
  }

  /** What was saved before is here again, or has arrived (I2). */
  checkOpened(device: SimDevice, tab: SimTab): void {
    const written = this.written()
    const ofDevice = this.edits.all.filter((edit) => edit.device === device.name)
    const found = checkSaved(ofDevice, [this.view(device, tab)], written)
    for (const { checker, message } of found) this.stage.findings.found(checker, `${message}, after a restart`)
  }

  /** What keeps the run from being at rest; nothing, once everything agrees. */
  restFaults(): readonly Violation[] {
    const faults = [...checkConvergence(this.views(), this.serverViews())]
    for (const { device } of this.people().devices) {
      for (const { name, client } of device.liveTabs) {
        if (client === null) faults.push({ checker: 'stall', message: `${device.name}.${name} never opened` })
      }
      if (device.liveTabs.length === 0) faults.push({ checker: 'stall', message: `${device.name} has no tab` })
    }
    const { depth } = this.stage.server.services.writes
    if (depth > 0) faults.push({ checker: 'stall', message: `${depth} writes wait at the server` })
    return faults
  }

  private written(): WrittenValues {
    const { log } = this.stage.server
    return writtenValues([...log.entries, ...log.undone])
  }

  private views(): DeviceView[] {
    return this.people().openTabs.map(({ device, tab }) => this.view(device, tab))
  }

  private view(device: SimDevice, tab: SimTab): DeviceView {
    const client = tab.client!
    const { kind, reason } = client.status
    const datasets = this.stage.swarm.datasets.map((name): DatasetViewed => {
      const dataset = client.dataset(name)
      return {
        dataset: name,
        syncCount: dataset.syncCount,
        shown: dataset.entries(),
        pending: dataset.pending(),
        conflicts: dataset.conflicts().map(({ key, local, remote }) => ({
          key,
          local: local.value,
          remote: remote.value,
          remoteBy: remote.modifiedBy,
        })),
        parked: dataset.parked(),
      }
    })
    return { device: device.name, tab: tab.name, identity: client.identity, status: kind, reason, datasets }
  }

  private serverViews(): ServerView[] {
    const { server } = this.stage
    return server.paths().map((path) => {
      const { dataset, records } = server.held(path)
      const live = records.flatMap(({ key, value }) => (value === null ? [] : [[key, value] as const]))
      return { ...path, exists: dataset?.exists ?? false, syncCount: dataset?.syncCount ?? 0, live }
    })
  }

  private checkIntent(): readonly Violation[] {
    const devices = this.people().devices.map(({ device }) => device)
    const watchOf = (name: string) => devices.find((device) => device.name === name)!.watch
    const byWriter = new Map(devices.flatMap((device) => [...device.watch.writers].map((name) => [name, device])))
    return checkIntent(
      this.stage.server.log.entries,
      (identity, dataset, key, value, by) => {
        const edit = byWriter.get(by)?.watch.edits.get(JSON.stringify([dataset, key, value]))
        return edit === undefined || value === null || !isTagged(value) ? undefined : { ...edit, identity }
      },
      (name) => watchOf(name).writers,
      ({ device, dataset, key, value }) => watchOf(device).chosen.has(JSON.stringify([dataset, key, value])),
    )
  }
}
