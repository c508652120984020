import { stat } from 'node:fs/promises'
import { systemCode } from './fault.ts'

/** Whether there is something at this path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
}
