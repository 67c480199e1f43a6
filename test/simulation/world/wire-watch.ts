import type { SyncAnswer, SyncRequest } from '@satchel/protocol'
import { AnswerCheck } from '../checkers/check-answer.js'
import type { Findings } from './findings.js'
import type { People } from './people.js'
import type { ServerLog } from './server-log.js'
import type { NetworkWatch } from './sim-network.js'
import type { Situations } from './situations.js'

/** Checks all that goes between devices and the server, as it goes. */
export class WireWatch implements NetworkWatch {
  private readonly sentBatches = new Map<string, number>()
  private readonly answers: AnswerCheck

  constructor(
    private readonly findings: Findings,
    private readonly situations: Situations,
    log: ServerLog,
    private readonly people: () => People,
  ) {
    this.answers = new AnswerCheck(() => log.entries)
  }

  malformed(message: string): void {
    this.findings.found('wire', message)
  }

  /** Nothing that is handed to one user holds what another one wrote (I16). */
  delivered(identity: string, text: string): void {
    const people = this.people()
    for (const { identity: owner, canary, devices } of people.users) {
      if (owner === identity || !text.includes(canary)) continue
      const isGuestOf = devices.some((device) => people.identitiesOf(device).has(identity))
      if (!isGuestOf) this.findings.found('isolation', `something of ${canary} was delivered to ${identity}`)
    }
  }

  told(message: string): void {
    this.findings.trace(message)
  }

  impatient(message: string): void {
    this.findings.found('retry-after', message)
  }

  asked({ device, datasets }: SyncRequest): void {
    for (const { dataset, batch } of datasets) {
      if (batch === null) continue
      const name = JSON.stringify([device, dataset, batch.number])
      const times = (this.sentBatches.get(name) ?? 0) + 1
      this.sentBatches.set(name, times)
      if (times === 2) this.situations.count('batch sent again after a lost answer')
    }
    this.findings.trace(`asked ${JSON.stringify(datasets)} by ${device}`)
  }

  answered(identity: string, request: SyncRequest, { datasets }: SyncAnswer): void {
    this.findings.trace(`answered ${JSON.stringify(datasets)} to ${request.device}`)
    datasets.forEach(({ batch, changes }, index) => {
      const asked = request.datasets[index]!
      if (changes?.snapshot === true && asked.since > 0) this.situations.count('snapshot sent')
      const own = batch?.outcome === 'accepted' ? batch.syncCount : null
      if (changes !== null) this.findings.violations.push(...this.answers.check(identity, asked, changes, own))
      const name = JSON.stringify([request.device, asked.dataset, asked.batch?.number])
      if (batch?.outcome === 'conflict' && this.sentBatches.get(name)! > 1) {
        this.situations.count('conflict inside a resent batch')
      }
    })
  }
}
