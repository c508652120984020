import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { admit, type GroupLimits, openControlGroups } from './cgroup.ts'

const limits: GroupLimits = { cpuCores: 0.5, cpuWeight: 200, memoryMiB: 256, processes: 97 }
let root: string
let proc: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cgroup-'))
  proc = join(root, 'self')
  await writeFile(proc, '8:pids:/\n4:memory:/ours\n1:cpu,cpuacct:/\n0::/\n')
})
afterEach(() => rm(root, { recursive: true, force: true }))

const text = (...path: string[]) => readFile(join(root, ...path), 'utf8')

async function version1(...controllers: string[]): Promise<void> {
  for (const it of controllers) {
    await mkdir(join(root, it), { recursive: true })
    await writeFile(join(root, it, 'cgroup.procs'), '')
  }
}

describe('control groups', () => {
  it('are version 2 where its controllers are there', async () => {
    await writeFile(join(root, 'cgroup.controllers'), 'cpuset cpu io memory pids\n')
    const groups = await openControlGroups(root, proc)
    const folders = await groups.create('x-dom_1', limits)
    expect(groups.limits).toBe('v2')
    expect(folders).toEqual([join(root, 'cumulet/x-dom_1')])
    expect(await text('cgroup.subtree_control')).toBe('+cpu +memory +pids')
    expect(await text('cumulet/cgroup.subtree_control')).toBe('+cpu +memory +pids')
    expect(await text('cumulet/x-dom_1/cpu.max')).toBe('50000 100000')
    expect(await text('cumulet/x-dom_1/cpu.weight')).toBe('200')
    expect(await text('cumulet/x-dom_1/memory.max')).toBe(`${256 * 2 ** 20}`)
    expect(await text('cumulet/x-dom_1/pids.max')).toBe('97')
    admit(4711, folders)
    expect(await text('cumulet/x-dom_1/cgroup.procs')).toBe('4711')
  })

  it('are version 1 where version 2 has no controllers, below the groups that hold us back ourselves', async () => {
    await writeFile(join(root, 'cgroup.controllers'), 'hugetlb\n')
    await version1('cpu', 'memory/ours', 'pids')
    const groups = await openControlGroups(root, proc)
    expect(groups).toMatchObject({ limits: 'v1', controllers: ['cpu', 'memory', 'pids'] })
    const folders = await groups.create('x-dom_1', limits)
    const names = ['cpu/cumulet-x-dom_1', 'memory/ours/cumulet-x-dom_1', 'pids/cumulet-x-dom_1']
    expect(folders).toEqual(names.map((it) => join(root, it)))
    expect(await text('cpu/cumulet-x-dom_1/cpu.cfs_quota_us')).toBe('50000')
    expect(await text('cpu/cumulet-x-dom_1/cpu.shares')).toBe('2048')
    expect(await text('memory/ours/cumulet-x-dom_1/memory.limit_in_bytes')).toBe(`${256 * 2 ** 20}`)
    expect(await text('pids/cumulet-x-dom_1/pids.max')).toBe('97')
  })

  it('do not divide a processor that we have only a part of', async () => {
    await version1('cpu/ours', 'memory/ours', 'pids')
    await writeFile(proc, '8:pids:/\n4:memory:/ours\n1:cpu,cpuacct:/ours\n')
    expect(await openControlGroups(root, proc)).toMatchObject({ limits: 'v1', controllers: ['memory', 'pids'] })
  })

  it('are never beside the groups that hold us back', async () => {
    await version1('memory')
    await writeFile(proc, '4:memory:/ours\n')
    expect(await openControlGroups(root, proc)).toMatchObject({ limits: 'none', controllers: [] })
  })

  it('are none where neither is there, and guests do without', async () => {
    const groups = await openControlGroups(root, proc)
    expect(groups.limits).toBe('none')
    expect(await groups.create('x-dom_1', limits)).toEqual([])
    expect((await openControlGroups(join(root, 'nowhere'), proc)).limits).toBe('none')
    expect(existsSync(join(root, 'nowhere'))).toBe(false)
  })
})
