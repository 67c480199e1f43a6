import { JournalFault } from '../../journal/journal.js'

/** Errors of the system become faults; anything else is a defect, and stays what it is. */
export function systemFault(error: unknown, directory: string): JournalFault {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof JournalFault || code === undefined) throw error
  const because = (told: string): string => `${directory} ${told}: ${message}`
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new JournalFault('full', because('has no room'), { cause: error })
  }
  if (code === 'ENOENT') return new JournalFault('lost', because('is gone'), { cause: error })
  return new JournalFault('unavailable', because('cannot be used'), { cause: error })
}
