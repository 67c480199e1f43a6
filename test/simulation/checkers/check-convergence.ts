import type { DatasetViewed, DeviceView, ServerView, Violation } from '../history.js'

/**
 * After healing and quiet every tab shows what the server holds, but for keys whose edits are parked or in conflict,
 * where it shows its own; nothing else is pending (I3), and it says that it is live (I22).
 */
export function checkConvergence(views: readonly DeviceView[], servers: readonly ServerView[]): readonly Violation[] {
  const violations: Violation[] = []
  const found = (checker: string, message: string) => void violations.push({ checker, message })
  for (const view of views) {
    const who = `${view.device}.${view.tab}`
    if (view.status !== 'live') found('stall', `${who} is ${view.status} (${view.reason}) long after all was healed`)
    for (const dataset of view.datasets) {
      const server = servers.find((one) => one.identity === view.identity && one.dataset === dataset.dataset)
      const differing = differences(dataset, server)
      for (const difference of differing) found('convergence', `${who} ${dataset.dataset}: ${difference}`)
    }
  }
  return violations
}

function differences(viewed: DatasetViewed, server: ServerView | undefined): string[] {
  const faults: string[] = []
  const held = new Set([...viewed.conflicts, ...viewed.parked].map(({ key }) => key))
  for (const { key } of viewed.pending) {
    if (!held.has(key)) faults.push(`${JSON.stringify(key)} is still pending`)
  }
  const shown = new Map(viewed.shown)
  const live = new Map(server?.live ?? [])
  for (const key of new Set([...shown.keys(), ...live.keys()])) {
    if (held.has(key) || shown.get(key) === live.get(key)) continue
    faults.push(`${JSON.stringify(key)} is shown as ${text(shown.get(key))} and held as ${text(live.get(key))}`)
  }
  return faults
}

const text = (value: string | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value))
