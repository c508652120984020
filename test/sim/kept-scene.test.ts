import { RunInstancesCommand } from '@aws-sdk/client-ec2'
import type { KyselyPlugin } from 'kysely'
import { expect, test } from 'vitest'
import { specsFrom } from '../../src/control/hosts/host-spec.ts'
import { keptSpecs, watched } from '../../src/control/hosts/kept-scene.ts'
import { TestCloud, testCloud, tinyImage } from '../../src/ec2/testing.ts'

test('every table that specs are read of is watched', async () => {
  await using cloud = await TestCloud.open()
  await cloud.client().send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
  const hosts = Object.keys(await cloud.generations())
  const read = new Set<string>()
  const noting: KyselyPlugin = {
    transformQuery({ node }) {
      for (const it of tablesIn(node)) read.add(it)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  await cloud.store.read(({ db }) => specsFrom(testCloud)({ db: db.withPlugin(noting) }, hosts))
  expect(read).toContain('interfaceGroups')
  expect([...read].filter((it) => !watched.some((column) => column.startsWith(`${it}.`)))).toEqual([])
})

test('after a failure all rows are read anew', async () => {
  await using cloud = await TestCloud.open()
  const hosts = Object.keys(await cloud.generations())
  const source = keptSpecs(cloud.store, testCloud)
  const specs = () => cloud.store.read((reader) => source(reader, hosts))
  await specs()
  await cloud.client().send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
  const broken = {
    get db(): never {
      throw new Error('no rows today')
    },
  }
  await expect(cloud.store.read(async () => source(broken, hosts))).rejects.toThrow('no rows today')
  expect(await specs()).toEqual(await cloud.store.read((reader) => specsFrom(testCloud)(reader, hosts)))
})

function tablesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  const { kind, table } = node as { kind?: string; table?: { identifier?: { name: string } } }
  const own = kind === 'TableNode' && table?.identifier ? [table.identifier.name] : []
  return [...own, ...Object.values(node).flatMap(tablesIn)]
}
