import type { IdentityId } from '@satchel/protocol'
import type { ConflictPolicy, Dataset } from '../../../libs/client/src/api.js'
import { Scene } from '../scene.js'

type SceneOptions = Parameters<typeof Scene.begin>[0]

/** A device of a user, at rest, with the dataset "prefs" open. */
export async function oneDevice(options: SceneOptions = {}, conflicts?: ConflictPolicy) {
  const scene = await Scene.begin(options)
  const user = scene.server.addIdentity()
  const phone = await scene.open(scene.device('phone'), { as: user, ...policyOf(conflicts) })
  const prefs = phone.client.dataset('prefs')
  await scene.rest(phone)
  return { scene, user, phone, prefs }
}

/** Two devices of one user, both at rest, each with the dataset "prefs" open. */
export async function twoDevices(options: SceneOptions = {}, conflicts?: ConflictPolicy) {
  const scene = await Scene.begin(options)
  const user = scene.server.addIdentity()
  const phone = await scene.open(scene.device('phone'), { as: user, ...policyOf(conflicts) })
  const pad = await scene.open(scene.device('pad'), { as: user, ...policyOf(conflicts) })
  const onPhone = phone.client.dataset('prefs')
  const onPad = pad.client.dataset('prefs')
  await scene.rest(phone, pad)
  return { scene, user, phone, pad, onPhone, onPad }
}

/** A device, a user to open its tabs for, and nothing opened yet. */
export async function aDevice(name: string) {
  const scene = await Scene.begin()
  return { scene, user: scene.server.addIdentity(), device: scene.device(name) }
}

/** Another device of the user writes to the dataset "prefs", by the AWS face. */
export const writeElsewhere = (scene: Scene, user: IdentityId, values: Readonly<Record<string, string>>) =>
  scene.done(scene.aws(user).write('prefs', new Map(Object.entries(values))))

/** What a dataset shows, value by key. */
export const entriesOf = (dataset: Dataset) => Object.fromEntries(dataset.entries())

const policyOf = (conflicts: ConflictPolicy | undefined) => (conflicts === undefined ? {} : { conflicts })
