import { describe, expect, it } from 'vitest'
import { Fault } from '../../../base/fault.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import type { DomainWiring } from '../driver.ts'
import { type Accelerator, diskArguments, qemuArguments, translationMiB, uefiFirmware } from './arguments.ts'

describe('arguments of QEMU', () => {
  it('are the same for every accelerator but for the processor', () => {
    const [kvm, tcg] = [withoutProcessor('kvm'), withoutProcessor('tcg')]
    expect(kvm).toEqual(tcg)
    expect(argumentsFor('kvm').join(' ')).toContain('-accel kvm -cpu host')
    expect(argumentsFor('tcg').join(' ')).toContain('-accel tcg,thread=multi,tb-size=21 -cpu max')
  })

  it('start nothing but what was asked for, stopped and confined', () => {
    expect(argumentsFor('tcg')).toEqual(
      expect.arrayContaining(['-nodefaults', '-no-user-config', '-S', '-no-shutdown', '-sandbox']),
    )
  })

  it('carry names that have commas and quotes as they are', () => {
    const wiring = { ...plain, kernel: '/a,b "c"/vmlinuz', ramdisk: '/a,b/initrd' }
    const args = qemuArguments({ spec, wiring, accelerator: 'tcg', controlFd: 3 })
    expect(optionOf(args, '-kernel')).toBe('/a,b "c"/vmlinuz')
    expect(optionOf(args, '-initrd')).toBe('/a,b/initrd')
    expect(optionOf(args, '-append')).toBe('console=ttyS0 a,b')
    const [, storage] = diskArguments({ file: '/a,b "c"', format: 'raw', serial: 'sda1' }, 0)
    expect(JSON.parse(storage!)).toMatchObject({ driver: 'file', filename: '/a,b "c"', discard: 'unmap' })
  })

  it('give each disk and each NIC a device, in their order', () => {
    const disks = ['sda1', 'sda2'].map((serial) => ({ file: `/${serial}`, format: 'qcow2' as const, serial }))
    const taps = [{ namespace: 'ns', tap: 'tap0' }]
    const machine: DomainSpec = {
      ...spec,
      disks: disks.map(({ serial }) => ({ name: serial, serial, kind: 'swap' as const, sizeMiB: 1 })),
      vifs: [{ id: 'eni-1', mac: '02:00:00:00:00:01' }],
    }
    const args = qemuArguments({ spec: machine, wiring: { ...plain, disks, taps }, accelerator: 'tcg', controlFd: 3 })
    const devices = args.filter((_, index) => args[index - 1] === '-device').map((it) => JSON.parse(it))
    expect(devices).toMatchObject([
      { driver: 'virtio-rng-pci' },
      { driver: 'virtio-blk-pci', drive: 'disk0', serial: 'sda1' },
      { driver: 'virtio-blk-pci', drive: 'disk1', serial: 'sda2' },
      { driver: 'virtio-net-pci', id: 'eni-1', netdev: 'net-eni-1', mac: '02:00:00:00:00:01', romfile: '' },
      { driver: 'pcie-pci-bridge', id: 'disks' },
      { driver: 'pcie-pci-bridge', id: 'nics' },
    ])
    expect(JSON.parse(optionOf(args, '-netdev')!)).toEqual({
      ...{ type: 'tap', id: 'net-eni-1', ifname: 'tap0', script: 'no', downscript: 'no', vhost: false },
    })
  })

  it('refuse what would mean something else to QEMU', () => {
    const make = (more: Partial<DomainSpec>, wiring: Partial<DomainWiring> = {}) =>
      qemuArguments({ spec: { ...spec, ...more }, wiring: { ...plain, ...wiring }, accelerator: 'tcg', controlFd: 3 })
    expect(() => make({ uuid: 'ec2,serial=1' })).toThrow(Fault)
    expect(() => make({ instance: 'i-1,manufacturer=x' })).toThrow(Fault)
    expect(() => make({ vifs: [{ id: 'eni-1', mac: '02:00:00:00:00:01' }] })).toThrow('does not fit')
    const vif = { vifs: [{ id: 'eni-1' as const, mac: '02:00:00:00:00:01' }] }
    expect(() => make(vif, { taps: [{ namespace: 'ns', tap: 'a,fd=1' }] })).toThrow(Fault)
    expect(() => diskArguments({ file: '/a', format: 'raw', serial: 'a'.repeat(21) }, 0)).toThrow(Fault)
  })
})

it('lets translated code take a part of the memory that a guest has, within reason', () => {
  expect([64, 128, 224, 512, 1024, 65_536].map(translationMiB)).toEqual([16, 21, 32, 64, 128, 512])
})

it('without a kernel the firmware starts what is on the disks', () => {
  const { kernel: _, ...wiring } = plain
  const started = (firmware: 'bios' | 'uefi') => {
    const boot = { image: spec.boot.image, commandLine: '', firmware }
    return qemuArguments({ spec: { ...spec, boot }, wiring, accelerator: 'tcg', controlFd: 3 })
  }
  expect(started('bios')).not.toContain('-kernel')
  expect(started('bios')).not.toContain('-bios')
  expect(started('uefi')).toEqual(expect.arrayContaining(['-bios', uefiFirmware]))
})

const plain: DomainWiring = { kernel: '/vmlinuz', disks: [], taps: [] }
const spec: DomainSpec = {
  id: 'dom_1',
  instance: 'i-0123456789abcdef0',
  uuid: 'ec2f2b8c-0000-4000-8000-000000000001',
  power: 'on',
  graceMs: 1000,
  begun: false,
  reboots: 0,
  vcpus: 2,
  memoryMiB: 128,
  cpuQuotaCores: 1,
  cpuWeight: 100,
  boot: { image: 'ami-0123456789abcdef0', kernel: 'vmlinuz', commandLine: 'console=ttyS0 a,b' },
  disks: [],
  vifs: [],
}

function argumentsFor(accelerator: Accelerator): string[] {
  return qemuArguments({ spec, wiring: plain, accelerator, controlFd: 3 })
}

function withoutProcessor(accelerator: Accelerator): string[] {
  const args = argumentsFor(accelerator)
  return args.filter((_, index) => !['-accel', '-cpu'].includes(args[index - 1] ?? ''))
}

function optionOf(args: readonly string[], option: string): string | undefined {
  return args[args.indexOf(option) + 1]
}
