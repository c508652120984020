/** What a cloud has on the machine, found without asking it: by the names that everything of it bears. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../src/base/subprocess.ts'
import { nobody } from '../../src/drivers/hypervisor/qemu/parking/identity.ts'
import { openSpecFile } from '../../src/host/spec-file.ts'
import { eventually, type TestCloud } from './cloud.ts'

/** A machine that is being parked, or stands by, is nobody's. */
const parking = ` -name ${nobody.instance} `

/** Everything that should have gone with the last instance: processes, routers, taps, disks, control groups. */
export async function leftovers(cloud: TestCloud): Promise<string[]> {
  const processes = (await processesOf(cloud))
    .filter((it) => /qemu-(?:system|storage)|dnsmasq/.test(it.command) && !it.command.includes(parking))
    .map((it) => `process ${it.pid} ${it.command}`)
  const namespaces = (await readdir('/run/netns')).filter(
    (it) => it.startsWith(`${cloud.name}-`) && it.includes('vpc-'),
  )
  const files = await filesOf(cloud)
  return [...processes, ...namespaces.map((it) => `namespace ${it}`), ...files]
}

/** Resolves once nothing is left; a host takes a moment longer than the instance to be done. Throws with what stays. */
export async function nothingLeft(cloud: TestCloud): Promise<void> {
  await eventually(async () => {
    const left = await leftovers(cloud)
    if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`)
    return true
  }, 10_000)
}

export async function processesOf(cloud: TestCloud): Promise<{ pid: number; command: string }[]> {
  const pids = (await readdir('/proc')).filter((it) => /^\d+$/.test(it)).map(Number)
  const all = await Promise.all(pids.map(async (pid) => ({ pid, command: await commandOf(pid) })))
  return all.filter((it) => it.command.includes(cloud.data) || it.command.includes(`/${cloud.name}/`))
}

async function commandOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') // It may have ended just now.
  const exe = await readlink(`/proc/${pid}/exe`).catch(() => '')
  return `${exe} ${text.replaceAll('\0', ' ')}`
}

async function filesOf(cloud: TestCloud): Promise<string[]> {
  const hosts = join(cloud.data, 'hosts')
  const found: string[] = []
  for (const host of await readdir(hosts)) {
    for (const kind of ['domains', 'disks']) {
      const names = await readdir(join(hosts, host, kind)).catch(() => []) // No domain was ever there.
      found.push(...names.filter((it) => it.startsWith('dom_')).map((it) => `${kind} of ${host}: ${it}`))
    }
  }
  return found
}

/** The running virtual machines, by instance. */
export async function domainsOf(cloud: TestCloud): Promise<{ instance: string; domain: string; pid: number }[]> {
  const processes = (await processesOf(cloud)).filter((it) => it.command.includes('qemu-system'))
  const hosts = join(cloud.data, 'hosts')
  const specs = await Promise.all(
    (await readdir(hosts)).map((host) => openSpecFile(join(hosts, host, 'spec.json')).read()),
  )
  return specs.flatMap((spec) =>
    (spec?.domains ?? []).flatMap(({ id, instance }) => {
      const process_ = processes.find((it) => it.command.includes(` -name ${instance} `))
      return process_ ? [{ instance, domain: id, pid: process_.pid }] : []
    }),
  )
}

/** Names of all namespaces that the machine has. */
export async function namespaces(): Promise<string[]> {
  const list = JSON.parse((await run('ip', ['-j', 'netns', 'list'])) || '[]') as { name: string }[]
  return list.map((it) => it.name)
}
