import { readdir, readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../../base/subprocess.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import { readKernelState } from './kernel-state.ts'
import { routerNamespace, stateDirectory, tapName } from './names.ts'
import { listNamespaces } from './namespace.ts'
import { lost } from './spoof-counters.ts'
import { arbitraryRouter } from './testing/arbitrary-specs.ts'
import { edge, router, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

let world: World
let namespace: string
let directory: string

beforeAll(async () => {
  world = await World.raise()
  namespace = routerNamespace(world.box.cloud, 'h1', vpc)
  directory = `${stateDirectory(world.box.cloud, 'h1')}/${vpc}`
})
afterEach(async () => await world.driver('h1').remove(vpc, never))
afterAll(async () => await world?.[Symbol.asyncDispose]())

const rules = () => world.run(`h1-${vpc}`, ['nft', '-a', '-s', 'list', 'ruleset'])
/** Processes that answer DHCP for the router. */
const servers = async () => {
  const commands = await run('pgrep', ['--full', '--list-full', `^dnsmasq.*--pid-file=${directory}/`]).catch(() => '')
  return commands.split('\n').filter((it) => it !== '')
}
const pid = async () => Number(await readFile(`${directory}/pid`, 'utf8'))
const all = async () => ({ links: readKernelState(namespace), rules: await rules(), dhcp: await pid() })

describe('what is right', () => {
  it('is not touched when programmed again, by this driver or the next', async () => {
    const spec = router([vif(1), vif(2)], { routes: [{ to: '0.0.0.0/0', via: world.box.edgeAddress }] })
    const net = world.driver('h1')
    await net.program(spec, never)
    const before = await all()
    await net.program(spec, never)
    await world.driver('h1').program(spec, never)
    expect(await all()).toEqual(before)
  })

  it('goes on while something is added: taps, counters and DHCP stay as they are', async () => {
    const net = world.driver('h1')
    await net.program(router([vif(1)]), never)
    const counter = ['nft', 'get', 'element', 'inet', 'router', lost('source'), `{ "${tapName(vifId(1))}" }`]
    const tap = ['ip', '-j', 'link', 'show', 'dev', tapName(vifId(1))]
    const look = async () => [await world.run(`h1-${vpc}`, counter), await world.run(`h1-${vpc}`, tap), await pid()]
    const before = await look()
    await net.program(router([vif(1), vif(2), vif(3)]), never)
    expect(await look()).toEqual(before)
  })
})

describe('what was left unfinished', () => {
  const specs = [
    router([vif(1), vif(2)]),
    router([vif(2), vif(3)], { mtu: 9001, routes: [{ to: '172.31.0.9/32', via: '100.64.1.2' }] }),
  ]

  it('is finished by the next driver, wherever it stopped', async () => {
    await world.driver('h1').program(specs[1]!, never)
    const wanted = await world.run(`h1-${vpc}`, ['nft', '-s', 'list', 'ruleset'])
    for (const afterMs of [1, 4, 8, 12, 16, 24, 40]) {
      await world.driver('h1').remove(vpc, never)
      await stopped(specs[0]!, afterMs * 2)
      await stopped(specs[1]!, afterMs)
      const next = world.driver('h1')
      await next.program(specs[1]!, never)
      expect(sorted(await world.run(`h1-${vpc}`, ['nft', '-s', 'list', 'ruleset']))).toEqual(sorted(wanted))
      expect(await next.list(never)).toEqual([{ vpc, vifs: [vifId(2), vifId(3)] }])
      expect(await servers()).toHaveLength(1)
    }
  })

  /** Programs, and ends every process that does the work after a while, as a crash would. */
  const stopped = async (spec: (typeof specs)[number], afterMs: number) => {
    await world
      .driver('h1')
      .program(spec, AbortSignal.timeout(afterMs))
      .catch(() => undefined)
  }

  it('is made anew where memory of the rules is wrong, or lost', async () => {
    const net = world.driver('h1')
    await net.program(specs[0]!, never)
    const wanted = await rules()
    const file = `${stateDirectory(world.box.cloud, 'h1')}/${namespace}.rules.json`
    await writeFile(file, '{ "tag": "is-0", "rule')
    await world.driver('h1').program(specs[0]!, never)
    expect(sorted(await rules())).toEqual(sorted(wanted))
    await world.run(`h1-${vpc}`, ['nft', 'flush', 'ruleset'])
    await net.program(specs[0]!, never)
    expect(sorted(await rules())).toEqual(sorted(wanted))
  })

  it('is made anew where somebody took it away', async () => {
    const net = world.driver('h1')
    await net.program(specs[1]!, never)
    const before = readKernelState(namespace)
    await run('ip', ['-n', namespace, 'link', 'del', 'overlay'])
    await run('ip', ['-n', namespace, 'link', 'del', tapName(vifId(2))])
    process.kill(await pid(), 'SIGKILL')
    await net.program(specs[1]!, never)
    expect(links(readKernelState(namespace))).toEqual(links(before))
    expect(await readFile(`/proc/${await pid()}/comm`, 'utf8')).toBe('dnsmasq\n')
  })

  const links = (state: Awaited<ReturnType<typeof readKernelState>>) => ({
    links: [...state.links.values()].map((it) => it.name).sort(),
    routes: state.routes.map((it) => JSON.stringify(it)).sort(),
  })
})

describe('a tap', () => {
  it('may be opened by its domain alone, and is made anew for another domain', async () => {
    const net = world.driver('h1')
    await net.program(router([vif(1)]), never)
    expect(readKernelState(namespace).links.get(tapName(vifId(1)))?.owner).toBe(userOfDomain('dom_1'))
    await net.program(router([vif(1, { domain: 'dom_7' })]), never)
    expect(readKernelState(namespace).links.get(tapName(vifId(1)))?.owner).toBe(userOfDomain('dom_7'))
  })
})

describe('an address', () => {
  it('that was another guest’s is the new guest’s at once', async () => {
    const net = world.driver('h1')
    await net.program(router([vif(1)]), never)
    {
      await using first = await world.passingGuest(net.tapOf(vpc, vifId(1)), vif(1).mac)
      expect(await first.dhcp()).toMatchObject({ ip: '172.31.0.10' })
    }
    await net.program(router([]), never)
    const heir = vif(2, { address: '172.31.0.10' })
    await net.program(router([heir]), never)
    await using second = await world.passingGuest(net.tapOf(vpc, vifId(2)), heir.mac)
    expect(await second.dhcp()).toMatchObject({ ip: '172.31.0.10' })
  })
})

describe('a router that is removed', () => {
  it('leaves nothing: no namespace, no process, no file', async () => {
    const net = world.driver('h1')
    const before = { namespaces: (await listNamespaces()).filter(isOurs), files: await files() }
    await net.program(router([vif(1), vif(2)]), never)
    await net.programEdge(edge([{ publicAddress: '203.0.113.9', privateAddress: '172.31.0.10' }], []), never)
    const dhcp = await pid()
    await net.programEdge({ networks: [] }, never)
    await net.remove(vpc, never)
    expect({ namespaces: (await listNamespaces()).filter(isOurs), files: await files() }).toEqual(before)
    await expect.poll(() => commandOf(dhcp)).toBe('')
    expect(await world.run('edge', ['ip', 'route', 'show', '203.0.113.9'])).toBe('')
  })

  /** What a process runs; nothing once it ended, though its parent may not have noticed. */
  const commandOf = (id: number) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')
  const isOurs = (it: string) => it.startsWith(`${world.box.cloud}-`)
  const files = async () => (await readdir(stateDirectory(world.box.cloud), { recursive: true })).sort()
})

it('nftables itself takes every difference, and agrees with it', { timeout: 240_000 }, async () => {
  const net = world.driver('h1')
  // A ruleset that is loaded whole gets a new handle.
  const handle = async () => /handle \d+/.exec(await world.run(`h1-${vpc}`, ['nft', '-a', 'list', 'tables']))?.[0]
  await net.program(router([]), never)
  await fc.assert(
    fc.asyncProperty(arbitraryRouter, async (spec) => {
      const before = await handle()
      await net.program(spec, never)
      expect(await handle()).toBe(before)
      const byDifference = await world.run(`h1-${vpc}`, ['nft', '-s', 'list', 'ruleset'])
      const links = readKernelState(namespace)
      await world.run(`h1-${vpc}`, ['nft', 'flush', 'ruleset'])
      await net.program(spec, never)
      expect(sorted(byDifference)).toEqual(sorted(await world.run(`h1-${vpc}`, ['nft', '-s', 'list', 'ruleset'])))
      expect(readKernelState(namespace)).toEqual(links)
    }),
    { numRuns: 10 },
  )
})

/** Lines of a ruleset without the order of elements, and without handles. */
function sorted(rules: string): string[] {
  return rules
    .replaceAll(/ # handle \d+/g, '')
    .replaceAll(/elements = \{([^}]*)\}/g, (_all, them: string) =>
      them
        .split(',')
        .map((it) => it.trim())
        .sort()
        .join(', '),
    )
    .split('\n')
    .sort()
}
