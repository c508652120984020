import type { Server } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AclRuleSpec, ObjectsSpec, RuleSpec } from '../../../host-api/spec.ts'
import type { AclId } from '../../../model/ids.ts'
import type { LinuxNetwork } from './driver.ts'
import type { Guest } from './testing/guest.ts'
import { everythingOut, groupSpec, router, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

const address = '192.0.2.129'
const acl: AclId = 'acl-00000001'
const vifs = [vif(1), vif(2)]
const outTo = (cidr: string): RuleSpec => ({ direction: 'egress', protocol: 6, peer: { cidr } })

let world: World
let net: LinuxNetwork
let store: Server
let guests: Guest[]

interface Wanted {
  readonly objects?: ObjectsSpec
  readonly rules?: readonly RuleSpec[]
  readonly entries?: readonly AclRuleSpec[]
}

async function program({ objects, rules = everythingOut, entries }: Wanted): Promise<void> {
  const plain = router(vifs).subnets[0]!
  await net.program(
    router(vifs, {
      groups: [groupSpec(vifs, rules)],
      ...(objects && { objects }),
      ...(entries && { subnets: [{ ...plain, acl }], acls: [{ id: acl, rules: entries }] }),
    }),
    never,
  )
}
const forFirst: ObjectsSpec = { address, vifs: [vifId(1)] }

beforeAll(async () => {
  world = await World.raise()
  net = world.driver('h1')
  await program({ objects: forFirst })
  guests = await Promise.all(vifs.map((each) => world.guest(net.tapOf(vpc, each.id), each.mac)))
  await Promise.all(guests.map((each) => each.dhcp()))
  store = await net.listen(vpc, address, 80, never)
  store.on('connection', (socket) => socket.end(`${socket.remoteAddress}\n`))
})
afterAll(async () => {
  store?.close()
  await world[Symbol.asyncDispose]()
})

/** What the store says to a guest: nothing within a second is nothing. */
async function asked(n: 0 | 1, port = '80'): Promise<string> {
  return guests[n]!.run(['busybox', 'nc', '-w', '1', address, port]).catch(() => '')
}

it('a guest with a way there is answered, and known by its address; another is not, nor counted as an offender', async () => {
  const before = await net.drops(never)
  expect(await asked(0)).toBe('172.31.0.10\n')
  expect(await asked(1)).toBe('')
  expect(await asked(0, '22')).toBe('')
  expect(await net.drops(never)).toEqual(before)
})

it('groups hold for what is said to the store', async () => {
  await program({ objects: forFirst, rules: [outTo('10.0.0.0/8')] })
  expect(await asked(0)).toBe('')
  await program({ objects: forFirst, rules: [outTo(`${address}/32`)] })
  expect(await asked(0)).toBe('172.31.0.10\n')
})

it('ACLs of the subnet hold in both directions', async () => {
  const entry = (direction: 'ingress' | 'egress', cidr: string): AclRuleSpec => {
    const range = direction === 'egress' ? { from: 80, to: 80 } : { from: 1024, to: 65_535 }
    return { direction, action: 'allow', protocol: 6, range, cidr }
  }
  await program({ objects: forFirst, entries: [entry('egress', `${address}/32`)] })
  expect(await asked(0)).toBe('')
  await program({ objects: forFirst, entries: [entry('egress', `${address}/32`), entry('ingress', '192.0.2.0/24')] })
  expect(await asked(0)).toBe('172.31.0.10\n')
})

it('a way that is taken back leads nowhere', async () => {
  await program({ objects: { address, vifs: [vifId(2)] } })
  expect([await asked(0), await asked(1)]).toEqual(['', '172.31.0.11\n'])
  await program({})
  expect(await asked(1)).toBe('')
})
