import { expect, test } from 'vitest'
import { chooseDns, resolverOf, resolversIn, sameDns, usualDns } from './dns-settings.ts'

test('names are as EC2 has them where nothing else is chosen', () => {
  expect(chooseDns({})).toEqual(usualDns)
  expect(chooseDns({ dnsSuffix: 'cloud.example', dnsPort: 'off', resolver: '127.0.0.1:5353,[::1]' })).toEqual({
    ...usualDns,
    publicSuffix: 'cloud.example',
    port: 'off',
    resolvers: ['127.0.0.1:5353', '[::1]'],
  })
})

test('what a cloud was made with may be said again, and nothing else', () => {
  const kept = chooseDns({ dnsSuffix: 'cloud.example', resolver: 'off' })
  expect(sameDns({}, kept)).toBe(true)
  expect(sameDns({ dnsSuffix: 'cloud.example' }, kept)).toBe(true)
  expect(sameDns({ dnsSuffix: 'compute.amazonaws.com' }, kept)).toBe(false)
  expect(sameDns({ resolver: 'machine' }, kept)).toBe(false)
})

test.each([
  { dnsSuffix: 'cloud..example' },
  { dnsSuffix: '.example' },
  { privateDnsSuffix: 'Upper.example' },
  { dnsPort: 0 },
  { dnsPort: 70_000 },
  { resolver: 'dns.example' },
  { resolver: '127.0.0.1,' },
  { resolver: '127.0.0.1:0' },
])('a choice that names cannot have is refused: %j', (choice) => {
  expect(() => chooseDns(choice)).toThrow('not a')
})

test('a resolver is an address, with a port or without', () => {
  expect(resolverOf('127.0.0.1')).toEqual({ address: '127.0.0.1', port: 53 })
  expect(resolverOf('127.0.0.1:5353')).toEqual({ address: '127.0.0.1', port: 5353 })
  expect(resolverOf('[::1]:5353')).toEqual({ address: '::1', port: 5353 })
  expect(resolverOf('fe80::1%eth0')).toEqual({ address: 'fe80::1%eth0', port: 53 })
})

test('the machine says in resolv.conf whom it asks: three at most, and no comments', () => {
  const text =
    '# nameserver 9.9.9.9\nsearch example\nnameserver 127.0.0.53\nnameserver\t::1\nnameserver x\nnameserver 1.2.3.4\nnameserver 5.6.7.8\n'
  expect(resolversIn(text)).toEqual(['127.0.0.53', '::1', '1.2.3.4'])
})
