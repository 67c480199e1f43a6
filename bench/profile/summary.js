import { stageOf } from './stages.js'

const FUNCTIONS_SHOWN = 40

/** A CPU profile as text: where the time goes, stage by stage and function by function. */
export function profileSummary(profile, requests) {
  const nodesById = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map()
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id)
  const framesById = new Map()
  const framesOf = (id) => {
    const known = framesById.get(id)
    if (known !== undefined) return known
    const up = parents.get(id)
    const frames = [nameOf(nodesById.get(id)), ...(up === undefined ? [] : framesOf(up))]
    framesById.set(id, frames)
    return frames
  }

  const [stages, self, total] = [new Map(), new Map(), new Map()]
  let busy = 0
  let idle = 0
  for (const [at, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[at]
    const frames = framesOf(id)
    if (frames[0] === '(idle)') {
      idle += time
      continue
    }
    busy += time
    add(stages, stageOf(frames), time)
    add(self, frames[0], time)
    for (const name of new Set(frames)) if (isOurs(name)) add(total, name, time)
  }
  const line = ([name, time]) =>
    `  ${((time / busy) * 100).toFixed(1).padStart(5)} %  ${(time / requests).toFixed(1).padStart(6)} µs  ${name}`
  const most = (map) => [...map].sort(([, a], [, b]) => b - a).map(line)
  return [
    `busy ${(busy / 1e6).toFixed(2)} s and idle ${(idle / 1e6).toFixed(2)} s: ` +
      `${(busy / requests).toFixed(1)} µs for each of ${requests} requests`,
    ['by stage', ...most(stages)].join('\n'),
    ['by function, self time', ...most(self).slice(0, FUNCTIONS_SHOWN)].join('\n'),
    ['functions of ours with what they call', ...most(total).slice(0, FUNCTIONS_SHOWN)].join('\n'),
  ].join('\n\n')
}

const add = (map, key, time) => map.set(key, (map.get(key) ?? 0) + time)
const isOurs = (name) => /(server|protocol)\/dist\//.test(name)

function nameOf({ callFrame: { functionName, url, lineNumber } }) {
  const place = url.replace(/^file:\/\//, '').replace(/^.*\/(node_modules|apps|libs|bench)\//, '$1/')
  return `${functionName || '(anonymous)'}${place === '' ? '' : `  ${place}:${lineNumber + 1}`}`
}
