import { accessSync, constants } from 'node:fs'

/** Whether a file is there and is a program for this user. */
export function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
