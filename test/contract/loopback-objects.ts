/** An object store on a free port of 127.0.0.1, of two accounts, that ends with its scope. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { systemRandom } from '../../src/base/random.ts'
import { listen } from '../../src/http/server.ts'
import type { AccessKey } from '../../src/iam/credentials.ts'
import { Blobs } from '../../src/s3/blobs.ts'
import { openObjectStore } from '../../src/s3/object-store.ts'
import { isForObjects } from '../../src/s3/target.ts'
import { openStore } from '../../src/store/open.ts'

export const owner = {
  account: '111111111111',
  accessKeyId: 'AKIAOWNEREXAMPLE0000',
  secretAccessKey: 'owner/secret+EXAMPLE',
}
export const guest = {
  account: '222222222222',
  accessKeyId: 'AKIAGUESTEXAMPLE0000',
  secretAccessKey: 'guest/secret+EXAMPLE',
}

async function lookup(accessKeyId: string): Promise<AccessKey | undefined> {
  const key = [owner, guest].find((it) => it.accessKeyId === accessKeyId)
  if (!key) return undefined
  const arn = `arn:aws:iam::${key.account}:root`
  return {
    secret: key.secretAccessKey,
    caller: { account: key.account, user: 'root', userId: key.account, arn, accessKeyId },
  }
}

export async function openObjects() {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-objects-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const store = opened.adopt(await openStore(join(folder, 'store')), (it) => it.close())
  const common = { store, lookup, clock: systemClock, random: systemRandom, log: silentLog }
  const blobFolder = join(folder, 'objects')
  const open = () =>
    openObjectStore({ ...common, region: 'us-west-2', endpoint: '', blobs: new Blobs(blobFolder, systemRandom) })
  const objects = await open()
  const listener = opened.adopt(
    await listen((head, body, abort) => objects(head, body, abort), {
      ...{ host: '127.0.0.1', port: 0, clock: systemClock, random: systemRandom, log: silentLog },
      unhurried: isForObjects,
    }),
    (it) => it.close(100),
  )
  const resources = opened.move()
  return {
    ...{ url: listener.url, port: listener.port, folder, blobFolder, store, reopen: open },
    /** Names of all files that hold bytes of objects. */
    files: async () =>
      (await readdir(blobFolder, { recursive: true, withFileTypes: true }))
        .filter((it) => it.isFile())
        .map((it) => it.name),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

export type Objects = Awaited<ReturnType<typeof openObjects>>
