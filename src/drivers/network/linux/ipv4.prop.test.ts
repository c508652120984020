import fc from 'fast-check'
import { expect, it } from 'vitest'
import { canonical, disjoint, isAddress, isNetwork, netmask } from './ipv4.ts'

const address = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((it) => it.join('.'))
const nearby = fc.tuple(fc.nat(3), fc.nat(255)).map(([a, b]) => `10.0.${a}.${b}`)
const network = fc.tuple(fc.oneof(address, nearby), fc.integer({ min: 0, max: 32 })).map((it) => it.join('/'))

const bits = (text: string) =>
  text
    .split('.')
    .map((it) => Number(it).toString(2).padStart(8, '0'))
    .join('')
const within = (one: string, cidr: string) => {
  const [base = '', length = '0'] = cidr.split('/')
  return bits(one).slice(0, Number(length)) === bits(base).slice(0, Number(length))
}

it('a canonical network holds the same addresses, and is canonical', () => {
  fc.assert(
    fc.property(network, address, (cidr, one) => {
      expect(within(one, canonical(cidr))).toBe(within(one, cidr))
      expect(canonical(canonical(cidr))).toBe(canonical(cidr))
    }),
  )
})

it('disjoint networks hold together what the given ones held, and no address twice', () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 8 }), fc.oneof(address, nearby), (networks, one) => {
      const found = disjoint(networks).filter((it) => within(one, it)).length
      expect(found).toBe(networks.some((it) => within(one, it)) ? 1 : 0)
    }),
  )
})

it('every address is an address, and with a length a network', () => {
  fc.assert(
    fc.property(address, (it) => {
      expect([isAddress(it), isNetwork(`${it}/8`), isNetwork(it)]).toEqual([true, true, false])
    }),
  )
})

it.each(['1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4\n', '::1', ''])('%j is no address', (text) => {
  expect(isAddress(text)).toBe(false)
})

it('tells the netmask', () => {
  expect(['0.0.0.0/0', '172.31.16.0/20', '10.0.0.1/32'].map(netmask)).toEqual([
    '0.0.0.0',
    '255.255.240.0',
    '255.255.255.255',
  ])
})
