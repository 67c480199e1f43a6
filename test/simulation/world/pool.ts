import { parseIdentityPoolId, type IdentityPoolId } from '@satchel/protocol'

const poolOf = (text: string): IdentityPoolId => {
  const parsed = parseIdentityPoolId(text)
  if (!parsed.ok) throw new Error(`"${text}" is no pool id`)
  return parsed.value
}

/** The one pool of a run. */
export const POOL = poolOf('us-east-1:5a7c4e11-0000-4000-8000-000000000001')
