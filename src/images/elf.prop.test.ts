import fc from 'fast-check'
import { expect, it } from 'vitest'
import { loadOrder, moduleName, neededModules, unsigned } from './elf.ts'

/** Module N needs only modules with a smaller number. */
const modules = fc
  .array(fc.array(fc.nat(20), { maxLength: 4 }), { minLength: 1, maxLength: 20 })
  .map((needs) => needs.map((it, index) => it.filter((other) => other < index).map(String)))

it('loads every module once, after all that it needs', () => {
  fc.assert(
    fc.property(modules, (needs) => {
      const order = loadOrder(Object.keys(needs), (name) => needs[Number(name)] ?? [])
      expect(order.toSorted()).toEqual(Object.keys(needs).toSorted())
      for (const name of order)
        for (const it of needs[Number(name)] ?? []) expect(order.indexOf(it)).toBeLessThan(order.indexOf(name))
    }),
  )
})

it('does not load again what is loaded', () => {
  const needs = (name: string) => (name === 'virtio_net' ? ['virtio', 'net_failover'] : [])
  expect(loadOrder(['virtio_net'], needs, ['virtio'])).toEqual(['net_failover', 'virtio_net'])
})

it('reads what a module needs from its own words', () => {
  const module = Buffer.from('\0license=GPL\0depends=virtio-ring,virtio\0name=x\0')
  expect(neededModules(module)).toEqual(['virtio_ring', 'virtio'])
  expect(neededModules(Buffer.from('\0depends=\0'))).toEqual([])
  expect(moduleName('virtio-rng.ko')).toBe('virtio_rng')
})

it('takes the signature off a module, and leaves one without as it is', () => {
  const trailer = Buffer.alloc(12)
  trailer.writeUInt32BE(5, 8)
  const mark = Buffer.from('~Module signature appended~\n')
  expect(unsigned(Buffer.concat([Buffer.from('module'), Buffer.from('12345'), trailer, mark])).toString()).toBe(
    'module',
  )
  expect(unsigned(Buffer.from('module')).toString()).toBe('module')
})
