import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RequestHead } from '../../http/exchange.ts'
import type { ImageDescription, ImageOffer } from '../../images/image-folder.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import { offerRoute } from './image-offers.ts'

let images: string
let store: Store
beforeEach(async () => {
  images = await mkdtemp(join(tmpdir(), 'cumulet-offers-'))
  store = await openStore(':memory:')
})
afterEach(async () => {
  await store.close()
  await rm(images, { recursive: true })
})

const [debian, mine] = ['ami-00000000000000001', 'ami-00000000000000002'] as const
const ofAmazon: ImageOffer = { account: '136693071363', alias: 'amazon', isPublic: true, rootSizeMiB: 8192 }
const own: ImageOffer = { account: '123456789012', isPublic: false, rootSizeMiB: 1024 }

async function write(id: string, name: string, offer?: ImageOffer): Promise<void> {
  const root = { file: 'root.img', bytes: 1, sha256: '' }
  const image: ImageDescription = {
    ...{ name, description: '', architecture: 'x86_64', defaultUser: 'admin', rootDevice: 'sda1', commandLine: '' },
    ...{ root, firmware: 'uefi', recipe: 'r', packages: {}, ...(offer && { offer }) },
  }
  await mkdir(join(images, id), { recursive: true })
  await writeFile(join(images, id, 'root.img'), '')
  await writeFile(join(images, id, 'image.json'), JSON.stringify(image))
}

async function ask(id: string): Promise<string> {
  const head = { method: 'POST', path: `/cumulet/images/${id}` } as RequestHead
  const { status, body } = await offerRoute(store, images).handle(head, Readable.from([]), new AbortController().signal)
  return `${status} ${body}`
}

const rows = () => store.read(({ db }) => db.selectFrom('images').selectAll().execute())

test('an image that lies there is offered, once, as it says itself', async () => {
  await write(debian, 'debian-12', ofAmazon)
  expect([await ask(debian), await ask(debian)]).toEqual([`200 ${debian}\n`, `200 ${debian}\n`])
  expect(await rows()).toMatchObject([
    { id: debian, ownerAlias: 'amazon', isPublic: 1, kernelFile: null, firmware: 'uefi', rootSizeMib: 8192 },
  ])
})

test('a name is given once in an account, and what is there already is not changed', async () => {
  await write(debian, 'mine', ofAmazon)
  await write(mine, 'mine', own)
  await write('ami-00000000000000003', 'mine', own)
  expect([await ask(debian), await ask(mine)]).toEqual([`200 ${debian}\n`, `200 ${mine}\n`])
  expect(await ask('ami-00000000000000003')).toMatch(/^409 There is an image called mine already/)
  expect((await rows()).map((it) => it.id)).toEqual([debian, mine])
})

test('an account’s own has a strand, by which it can be deregistered', async () => {
  await write(mine, 'mine', own)
  await ask(mine)
  const strands = await store.read(({ db }) => db.selectFrom('strands').select(['subject', 'machine']).execute())
  expect(strands).toEqual([{ subject: mine, machine: 'image' }])
})

test('what is no image, offers nothing or leads elsewhere is not offered', async () => {
  await write(mine, 'mine')
  await write('elsewhere', 'mine', own)
  for (const id of [mine, debian, 'elsewhere', '../elsewhere', '']) expect(await ask(id)).toMatch(/^404 /)
  expect(await rows()).toEqual([])
})
