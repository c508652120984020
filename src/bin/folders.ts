import { chmod, mkdir } from 'node:fs/promises'
import type { Paths } from './settings.ts'

/**
 * Makes the folders that a start needs. Other users, guests' among them, pass through the data directory: logs tell of all
 * guests, and whoever may read the file that is locked could hold its lock and keep us out.
 * Source: SQLite, "File Locking And Concurrency": a reader's SHARED lock keeps an exclusive one waiting.
 */
export async function makeFolders(paths: Paths): Promise<void> {
  await mkdir(paths.images, { recursive: true })
  for (const folder of [paths.logs, paths.run, paths.objects]) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
  }
}
