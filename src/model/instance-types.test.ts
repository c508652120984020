import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instanceType, instanceTypes, scaled } from './instance-types.ts'

const anyType = fc.constantFrom(...instanceTypes)
const anyFactor = fc.double({ min: 0.1, max: 1000, noNaN: true })

test('the three types of 2007 have what their announcement said', () => {
  expect(instanceType('m1.small')).toMatchObject({
    memoryMiB: 1740,
    ecu: 1,
    vcpus: 1,
    architectures: ['i386', 'x86_64'],
    disks: [{ count: 1, sizeGB: 160 }],
  })
  expect(instanceType('m1.large')).toMatchObject({
    memoryMiB: 7680,
    ecu: 4,
    vcpus: 2,
    architectures: ['x86_64'],
    disks: [{ count: 2, sizeGB: 420 }],
  })
  expect(instanceType('m1.xlarge')).toMatchObject({
    memoryMiB: 15360,
    ecu: 8,
    vcpus: 4,
    architectures: ['x86_64'],
    disks: [{ count: 4, sizeGB: 420 }],
  })
})

test('every type has a name of its own and something of everything', () => {
  expect(new Set(instanceTypes.map((it) => it.name)).size).toBe(instanceTypes.length)
  for (const it of instanceTypes) {
    expect(it.vcpus % it.threadsPerCore, it.name).toBe(0)
    expect(Number.isInteger(it.memoryMiB), it.name).toBe(true)
    for (const size of [it.vcpus, it.memoryMiB, it.ecu, it.maxInterfaces, it.ipv4PerInterface])
      expect(size, it.name).toBeGreaterThan(0)
  }
})

test('within a family a later size is never smaller', () => {
  const families = Map.groupBy(instanceTypes, (it) => it.name.split('.')[0])
  for (const types of families.values()) {
    types.slice(1).forEach((it, index) => {
      expect(it.memoryMiB, it.name).toBeGreaterThan(types[index]!.memoryMiB)
      expect(it.vcpus, it.name).toBeGreaterThanOrEqual(types[index]!.vcpus)
      expect(it.ecu, it.name).toBeGreaterThanOrEqual(types[index]!.ecu)
    })
  }
})

test('the families of each time are there, and a type that never was is not', () => {
  for (const name of [
    't1.micro',
    'c1.medium',
    'm2.4xlarge',
    't2.micro',
    't3.nano',
    't3a.2xlarge',
    'm5.large',
    'm7i.4xlarge',
    'c6i.large',
    'r6i.xlarge',
  ]) {
    expect(instanceType(name)?.name).toBe(name)
  }
  expect(instanceType('m1.tiny')).toBeUndefined()
  expect(instanceType('constructor')).toBeUndefined()
})

test('m1.xlarge at an eighth fits a laptop', () => {
  const small = scaled(instanceType('m1.xlarge')!, 8)
  expect(small).toMatchObject({
    name: 'm1.xlarge',
    memoryMiB: 1920,
    vcpus: 4,
    ecu: 8,
    disks: [{ count: 4, sizeGB: 52.5 }],
  })
})

test('a scaled type keeps at least 96 MiB, in steps of 8, rounded up', () => {
  fc.assert(
    fc.property(anyType, anyFactor, (type, factor) => {
      const memory = scaled(type, factor).memoryMiB
      if (factor === 1) return memory === type.memoryMiB
      return (
        memory >= 96 &&
        memory % 8 === 0 &&
        (memory === 96 || (memory >= type.memoryMiB / factor && memory < type.memoryMiB / factor + 8))
      )
    }),
  )
})

test('a larger scale never gives more', () => {
  fc.assert(
    fc.property(anyType, anyFactor, anyFactor, (type, a, b) => {
      const [less, more] = [scaled(type, Math.max(a, b)), scaled(type, Math.min(a, b))]
      return (
        Math.ceil(less.memoryMiB / 8) <= Math.ceil(more.memoryMiB / 8) &&
        less.disks.every((it, index) => it.sizeGB <= more.disks[index]!.sizeGB)
      )
    }),
  )
})

test('a scale of nothing is refused', () => {
  for (const factor of [0, -1, Number.NaN]) expect(() => scaled(instanceType('m1.small')!, factor)).toThrow(RangeError)
})
