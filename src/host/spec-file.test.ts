import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { changeOf } from '../host-api/change.ts'
import type { HostSpec } from '../host-api/spec.ts'
import type { GroupId, VpcId } from '../model/ids.ts'
import { openSpecFile } from './spec-file.ts'

const vpc: VpcId = 'vpc-11111111'
const group: GroupId = 'sg-11111111'
let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spec-'))
  path = join(folder, 'host', 'spec.json')
})
afterEach(() => rm(folder, { recursive: true }))

const first: HostSpec = {
  host: 'a1',
  generation: 1,
  domains: [],
  routers: [
    { vpc, vni: 1, mtu: 1500, subnets: [], vifs: [], groups: [], routes: [], cidrs: [], tables: [], wires: [] },
  ],
}
/** With other members. */
const next = (spec: HostSpec): HostSpec => {
  const groups = [{ id: group, rules: [], members: [`10.0.0.${spec.generation}`] }]
  return { ...spec, generation: spec.generation + 1, routers: spec.routers.map((it) => ({ ...it, groups })) }
}
const [second, third] = [next(first), next(next(first))]

test('what is read is the spec with the changes that were kept after it', async () => {
  const file = openSpecFile(path)
  expect(await file.read()).toBeUndefined()
  await file.write(first)
  await file.append(changeOf(first, second), second)
  await file.append(changeOf(second, third), third)
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(first)
  expect(await openSpecFile(path).read()).toEqual(third)
})

test('a change without its end was never taken, and the next process writes the whole', async () => {
  const file = openSpecFile(path)
  await file.write(first)
  await file.append(changeOf(first, second), second)
  await appendFile(`${path}.differences`, '{"host":"a1","since":2')
  const reopened = openSpecFile(path)
  expect(await reopened.read()).toEqual(second)
  await reopened.append(changeOf(second, third), third)
  expect(await openSpecFile(path).read()).toEqual(third)
})

test('changes older than the spec are no longer changes of it', async () => {
  const file = openSpecFile(path)
  await file.write(first)
  await file.append(changeOf(first, second), second)
  const text = await readFile(`${path}.differences`, 'utf8')
  await file.write({ ...first, generation: 7 })
  await appendFile(`${path}.differences`, text)
  expect(await openSpecFile(path).read()).toEqual({ ...first, generation: 7 })
})
