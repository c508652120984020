import { expect, it } from 'vitest'
import { overlayMac, routerNamespace, tapName, vpcOfNamespace, wireName } from './names.ts'

const vpc = 'vpc-0123456789abcdef0'

it('finds the VPC in the name of its router, and in no other name', () => {
  expect(vpcOfNamespace('cumulet', 'h1', routerNamespace('cumulet', 'h1', vpc))).toBe(vpc)
  expect(vpcOfNamespace('cumulet', 'h', routerNamespace('cumulet', 'h1', vpc))).toBeUndefined()
  expect(vpcOfNamespace('cumulet', 'h1', 'cumulet-h1')).toBeUndefined()
  expect(vpcOfNamespace('cumulet', 'h1', 'cumulet-h1-vpc-nonsense')).toBeUndefined()
})

it('gives links names that Linux takes', () => {
  expect(tapName('eni-0123456789abcdef0')).toBe('t3456789abcdef0')
  expect(tapName('eni-01234567')).toBe('t01234567')
  expect(wireName(vpc)).toHaveLength(15)
})

it('makes a MAC of every underlay address that is locally administered and for one receiver', () => {
  expect(overlayMac('100.64.1.2')).toBe('0e:fc:64:40:01:02')
  expect(Number.parseInt(overlayMac('100.64.1.2').slice(0, 2), 16) & 0b11).toBe(0b10)
})
