/** AWS CLI as what moves a file to a server and back, and `cp` as what it is compared with. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../src/base/subprocess.ts'
import { processorMsOf } from './machine.ts'

export type Way = 'up' | 'down'

export interface Move {
  readonly ms: number
  /** What the server used of a processor. */
  readonly processorMs: number
}

export interface MoverOptions {
  /** Holds `file`; `down` comes to lie beside it. */
  readonly folder: string
  readonly pid: number
  readonly port: number
  readonly credentials: { readonly accessKeyId: string; readonly secret: string }
  readonly region: string
}

export class Mover {
  readonly #options: MoverOptions

  constructor(options: MoverOptions) {
    this.#options = options
  }

  async move(way: Way): Promise<Move> {
    const object = 's3://bench/file'
    const down = join(this.#options.folder, 'down')
    await rm(down, { force: true })
    const processor = await processorMsOf(this.#options.pid)
    const from = performance.now()
    await this.aws('s3', 'cp', ...(way === 'up' ? ['file', object] : [object, 'down']), '--no-progress')
    return { ms: performance.now() - from, processorMs: (await processorMsOf(this.#options.pid)) - processor }
  }

  aws(...args: string[]): Promise<string> {
    const { folder, port, credentials, region } = this.#options
    return run('/usr/bin/aws', ['--endpoint-url', `http://127.0.0.1:${port}`, ...args], {
      cwd: folder,
      env: {
        ...{ PATH: '/usr/bin:/bin', HOME: folder, AWS_DEFAULT_REGION: region, AWS_EC2_METADATA_DISABLED: 'true' },
        ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secret },
      },
    })
  }
}

/** Milliseconds of a copy to a new file; flushed: it is on the disk then. */
export async function copy(file: string, flushed: boolean): Promise<number> {
  const other = `${file}.copy`
  try {
    const from = performance.now()
    await run('/usr/bin/cp', [file, other])
    if (flushed) await run('/usr/bin/sync', [other])
    return performance.now() - from
  } finally {
    await rm(other, { force: true })
  }
}
