import { expect, test } from 'vitest'
import { freeLink, freePool, overlap, requireFree } from './networks.ts'

test('the first network that the machine does not use is taken', () => {
  expect(freePool([])).toBe('198.18.0.0/24')
  expect(freePool(['198.18.0.7/32', '10.0.0.0/8'])).toBe('198.18.1.0/24')
  expect(freeLink([])).toEqual({ network: '198.19.255.252/30', machine: '198.19.255.253', edge: '198.19.255.254' })
  expect(freeLink(['198.19.255.253/30']).network).toBe('198.19.255.248/30')
})

test('a network in use is refused, however it overlaps', () => {
  expect(() => requireFree('192.0.2.0/24', ['192.0.2.2/30'])).toThrow('this machine uses 192.0.2.2/30')
  expect(() => requireFree('192.0.2.0/24', ['192.0.0.0/16'])).toThrow('this machine uses 192.0.0.0/16')
  expect(() => requireFree('192.0.2.0/24', ['192.0.3.0/24'])).not.toThrow()
  expect(overlap('198.18.0.0/24', '198.18.0.255/32')).toBe(true)
})

test('a machine that uses everything is told so', () => {
  expect(() => freePool(['198.16.0.0/12'])).toThrow('--public-network')
})
