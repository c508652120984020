import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GroupsChange, HostSpec } from '../host-api/spec.ts'
import type { GroupId, VpcId } from '../model/ids.ts'
import { applyChange } from './apply-change.ts'
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
const change = (since: number): GroupsChange => ({
  host: 'a1',
  since,
  generation: since + 1,
  routers: [{ vpc, groups: [group], changed: [{ id: group, rules: [], members: [`10.0.0.${since}`] }] }],
})

test('what is read is the spec with the changes that were kept after it', async () => {
  const file = openSpecFile(path)
  expect(await file.read()).toBeUndefined()
  await file.write(first)
  const second = applyChange(first, change(1))
  const third = applyChange(second, change(2))
  await file.append(change(1), second)
  await file.append(change(2), third)
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(first)
  expect(await openSpecFile(path).read()).toEqual(third)
})

test('a change without its end was never taken, and the next process writes the whole', async () => {
  const file = openSpecFile(path)
  await file.write(first)
  const second = applyChange(first, change(1))
  await file.append(change(1), second)
  await appendFile(`${path}.changes`, '{"host":"a1","since":2')
  const next = openSpecFile(path)
  expect(await next.read()).toEqual(second)
  const third = applyChange(second, change(2))
  await next.append(change(2), third)
  expect(await openSpecFile(path).read()).toEqual(third)
})

test('changes older than the spec are no longer changes of it', async () => {
  const file = openSpecFile(path)
  await file.write(first)
  await file.append(change(1), applyChange(first, change(1)))
  const text = await readFile(`${path}.changes`, 'utf8')
  await file.write({ ...first, generation: 7 })
  await appendFile(`${path}.changes`, text)
  expect(await openSpecFile(path).read()).toEqual({ ...first, generation: 7 })
})
