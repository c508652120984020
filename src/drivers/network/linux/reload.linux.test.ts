import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RouterSpec } from '../../../host-api/spec.ts'
import type { Guest } from './testing/guest.ts'
import { serve } from './testing/probes.ts'
import { everythingOut, groupSpec, open, router, vif, vifId, vpc } from './testing/specs.ts'
import { never, World } from './testing/world.ts'

const vifs = [vif(1), vif(2)]
let world: World
let one: Guest
let two: Guest

/** Port 22 is open in all of them, port 23 in none, and no two that follow each other are the same. */
function rules(n: number): RouterSpec {
  const more = Array.from({ length: 1 + (n % 7) }, (_, index) => open(100 + ((n + index) % 50), `10.${n}.0.0/16`))
  const members = Array.from({ length: n % 5 }, (_, index) => `172.31.3.${index}`)
  const group = groupSpec(vifs, [open(22), ...more, ...everythingOut])
  return router(vifs, { groups: [{ ...group, members: [...group.members, ...members] }] })
}

beforeAll(async () => {
  world = await World.raise()
  const net = world.driver('h1')
  await net.program(rules(0), never)
  one = await world.guest(net.tapOf(vpc, vifId(1)), vif(1).mac)
  two = await world.guest(net.tapOf(vpc, vifId(2)), vif(2).mac)
  await Promise.all([one.dhcp(), two.dhcp()])
})
afterAll(async () => await world?.[Symbol.asyncDispose]())

/** Leaves the kernel with rules whose name nobody knows: they are loaded anew, all in one transaction. */
async function forgetTag(): Promise<void> {
  const namespace = `h1-${vpc}`
  const listed = await world.run(namespace, ['nft', 'list', 'chains', 'inet'])
  const tag = /chain (is-[0-9a-f]+)/.exec(listed)?.[1] ?? ''
  await world.run(namespace, ['nft', 'rename', 'chain', 'inet', 'router', tag, 'is-strange'])
}

it('rules that change a hundred times, by one process after another and anew, cut no flow and open no port', async () => {
  await using allowed = await serve(two, 22)
  await using forbidden = await serve(two, 23)
  await using talk = await allowed.connect(one)
  let goesOn = true
  const transfer = repeat(
    () => goesOn,
    () => talk.echoes(20_000),
  )
  const attempts = repeat(
    () => goesOn,
    async () => !(await forbidden.answers(one)),
  )
  let net = world.driver('h1')
  for (let n = 1; n <= 100; n++) {
    if (n % 10 === 0) net = world.driver('h1') // As after kill -9: what the last one had not written down is not known.
    if (n % 25 === 0) await forgetTag()
    await net.program(rules(n), never)
  }
  goesOn = false
  const [echoes, refusals] = await Promise.all([transfer, attempts])
  expect(echoes.length).toBeGreaterThan(10)
  expect(new Set(echoes)).toEqual(new Set([true]))
  expect(new Set(refusals)).toEqual(new Set([true]))
  expect(await allowed.answers(one)).toBe(true)
})

it('a flow ends with its rule, in the middle of it', async () => {
  await using allowed = await serve(two, 22)
  await using talk = await allowed.connect(one)
  const net = world.driver('h1')
  let last = true
  const transfer = repeat(
    () => last,
    async () => {
      last = await talk.echoes(20_000)
      return last
    },
  )
  await net.program(router(vifs, { groups: [groupSpec(vifs, [open(80), ...everythingOut])] }), never)
  expect((await transfer).at(-1)).toBe(false)
})

async function repeat(goesOn: () => boolean, work: () => Promise<boolean>): Promise<boolean[]> {
  const results: boolean[] = []
  while (goesOn()) results.push(await work())
  return results
}
