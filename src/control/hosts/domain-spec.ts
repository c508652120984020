import type { DiskSpec, DomainSpec } from '../../host-api/spec.ts'
import type { PlugSpec } from '../../host-api/volumes.ts'
import type { Cloud } from '../../model/cloud.ts'
import { instanceType } from '../../model/instance-types.ts'
import type { ImageRow, InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import { type BootChoice, bootSpec } from '../images/boot.ts'
import { disksOfInstance, rootDevice } from '../instances/disks.ts'

/** How long a guest may take to shut down by itself. */
const graceMs = 20_000

/** Of a guest what its virtual machine is made by. */
export interface DomainOwner {
  readonly instance: Pick<
    InstanceRow,
    | ('id' | 'domainId' | 'uuid' | 'power' | 'runningAt' | 'reboots' | 'holdReboot')
    | ('type' | 'memoryMib' | 'disksJson')
  >
  readonly image: ImageRow
  readonly boot?: BootChoice | undefined
  readonly interfaces: readonly Pick<InterfaceRow, 'id' | 'mac' | 'attachmentState'>[]
}

/** The virtual machine of a guest. */
export function domainSpec(
  cloud: Cloud,
  { instance, image, boot, interfaces }: DomainOwner,
  plugs: readonly PlugSpec[],
): DomainSpec {
  const type = instanceType(instance.type)! // instances are made of types that exist
  return {
    id: instance.domainId,
    instance: instance.id,
    uuid: instance.uuid,
    power: instance.power === 'on' ? 'on' : 'off',
    graceMs: instance.power === 'cut' ? 0 : graceMs,
    begun: instance.runningAt !== null,
    reboots: instance.reboots,
    ...(instance.holdReboot && { holdReboot: instance.holdReboot }),
    vcpus: type.vcpus,
    memoryMiB: instance.memoryMib,
    cpuQuotaCores: Math.min(type.vcpus, type.ecu / cloud.ecuPerCore),
    cpuWeight: Math.max(1, Math.round(type.ecu * 100)),
    boot: bootSpec(bootedAs(image, plugs), boot),
    disks: disksOf(cloud, instance, image),
    ...(plugs.length > 0 && { plugs }),
    vifs: interfaces.filter((it) => it.attachmentState !== 'detaching').map(({ id, mac }) => ({ id, mac })),
  }
}

/**
 * What the image boots by: an image on a volume has the kernel of another, which finds the root disk by its serial number, that of
 * the volume in the first slot.
 */
function bootedAs(image: ImageRow, plugs: readonly PlugSpec[]): ImageRow {
  const root = image.rootSnapshotId ? plugs.find((it) => it.slot === 1) : undefined
  const commandLine = root ? `${image.commandLine} cumulet.root=${root.serial}` : image.commandLine
  return { ...image, id: image.bootImageId ?? image.id, commandLine }
}

/** The root where it is no volume, and disks of the type. A disk's serial is its name: so the guest finds it. */
function disksOf(cloud: Cloud, instance: DomainOwner['instance'], image: ImageRow): DiskSpec[] {
  const root = { kind: 'root', name: rootDevice, serial: rootDevice, image: image.id, file: image.rootFile } as const
  return [
    ...(image.rootSnapshotId ? [] : [{ ...root, sizeMiB: image.rootSizeMib }]),
    ...disksOfInstance(cloud, instance, image).map(({ virtual, name, sizeMiB }): DiskSpec => {
      const disk = { name, serial: name, sizeMiB }
      return virtual === 'swap' ? { kind: 'swap', ...disk } : { kind: 'ephemeral', ...disk, label: virtual }
    }),
  ]
}
