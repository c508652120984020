import { describe, expect, it } from 'vitest'
import { edgePlace, hostPlace, usualBox } from './layout.ts'
import { cables, machineDevice, places } from './places.ts'

describe('the usual box', () => {
  const hosts = Array.from({ length: 600 }, (_, index) => `host-${index}`)

  it('gives every host its own underlay address, always the same', () => {
    const box = usualBox('cumulet', hosts)
    expect(new Set([...box.hosts.map((it) => it.underlayAddress), box.edgeAddress]).size).toBe(601)
    expect(usualBox('cumulet', hosts.slice(0, 3)).hosts).toEqual(box.hosts.slice(0, 3))
  })

  it('tells drivers where they are', () => {
    const box = usualBox('cumulet', ['us-west-2a-1'])
    expect(hostPlace(box, 'us-west-2a-1')).toEqual({ namespace: 'cumulet-us-west-2a-1', address: '100.64.1.1' })
    expect(edgePlace(box)).toEqual({ namespace: 'cumulet-edge', address: '100.64.0.1' })
    expect(() => hostPlace(box, 'elsewhere')).toThrow(/no host/)
  })

  it('plugs each end of each cable into a device of its own, with a name short enough for Linux', () => {
    const box = usualBox('abcdefghij', hosts)
    const ends = cables(box).flatMap((it) => [`${it.namespace} ${it.device}`, `${it.peer.namespace} ${it.peer.device}`])
    expect(new Set(ends).size).toBe(ends.length)
    for (const it of ends) expect(it.split(' ')[1]!.length).toBeLessThanOrEqual(15)
    expect(machineDevice('abcdefghij').length).toBeLessThanOrEqual(15)
  })

  it('leaves the machine alone where told to', () => {
    const box = usualBox('cumulet', ['a'], { machine: 'off' })
    expect(cables(box).every((it) => it.peer.namespace !== undefined)).toBe(true)
    expect(
      places(box)
        .flatMap((it) => it.lines)
        .join('\n'),
    ).not.toContain('machine')
  })

  it.each([
    ['a name with a hyphen', () => usualBox('my-cloud', [])],
    ['a name that is too long', () => usualBox('abcdefghijk', [])],
    ['a host called as a place of the box', () => usualBox('cumulet', ['edge'])],
    ['a host with a blank', () => usualBox('cumulet', ['a b'])],
    ['a pool that is no network', () => usualBox('cumulet', [], { publicPool: '203.0.113.1/24' })],
    ['an address twice', () => usualBox('cumulet', ['a'], { edgeAddress: '100.64.1.1' })],
  ])('refuses %s', (_what, make) => {
    expect(make).toThrow()
  })
})
