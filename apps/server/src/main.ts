import { createRequire } from 'node:module'

/*
 * Required rather than imported: so Node loads the several hundred modules of a start one after the other, without
 * sending each of them through its thread pool.
 */
createRequire(import.meta.url)('./run.js')
