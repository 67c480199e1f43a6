import type { Random } from './random.js'

/** A number from 0 up to 1, each as likely as any other. */
export const chance = (random: Pick<Random, 'bytes'>): number => random.bytes(4).readUInt32LE() / 2 ** 32
