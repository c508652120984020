/** What a volume shall be, as requests say it. Source: EC2 API Reference, CreateVolume; errors of EC2 quoted in public. */
import { refuse } from '../../model/errors.ts'
import { isVolumeType, type VolumeType, type VolumeTypeRules, volumeTypes } from '../../model/volume-types.ts'

export interface AskedVolume {
  readonly Size?: number | undefined
  readonly VolumeType?: string | undefined
  readonly Iops?: number | undefined
  readonly Throughput?: number | undefined
}

export interface CheckedVolume {
  readonly sizeGiB: number
  readonly type: VolumeType
  readonly iops: number | null
  readonly throughput: number | null
}

/** Where nothing is asked for; as EC2 had it when its first clients were written, and as they still show it. */
const defaultType = 'standard'

/** `least` is the size of the snapshot that it is made of, if any, and then the default. */
export function checkVolume(asked: AskedVolume, least?: number): CheckedVolume {
  const type = asked.VolumeType || (asked.Iops ? 'io1' : defaultType)
  if (!isVolumeType(type))
    refuse('InvalidParameterValue', { message: `Value (${type}) for parameter volumeType is invalid.` })
  const sizeGiB = sizeOf(asked.Size, type, least)
  return { sizeGiB, type, iops: iopsOf(asked.Iops, type, sizeGiB), throughput: throughputOf(asked.Throughput, type) }
}

function sizeOf(asked: number | undefined, type: VolumeType, least: number | undefined): number {
  const [smallest, largest] = volumeTypes[type].sizeGiB
  const size =
    asked ?? least ?? refuse('MissingParameter', { message: 'The request must contain the parameter size/snapshot' })
  if (least !== undefined && size < least)
    refuse('InvalidParameterValue', {
      message: `Volume of size ${size}GB is smaller than snapshot, expect size >= ${least}GB`,
    })
  if (size < smallest || size > largest)
    refuse('InvalidParameterValue', {
      message: `Volume size must be between ${smallest} and ${largest} GiB for volumes of type ${type}: ${size}`,
    })
  return size
}

function iopsOf(asked: number | undefined, type: VolumeType, sizeGiB: number): number | null {
  const { iops, iopsPerGiB, needsIops }: VolumeTypeRules = volumeTypes[type]
  if (asked === undefined) {
    if (needsIops) refuse('MissingParameter', { message: `The request must contain the parameter iops for ${type}` })
    return null
  }
  if (!iops)
    refuse('InvalidParameterCombination', { message: `The parameter iops is not supported for ${type} volumes.` })
  if (asked < iops[0] || asked > iops[1])
    refuse('InvalidParameterValue', { message: `Volume iops of ${asked} is not between ${iops[0]} and ${iops[1]}.` })
  const most = Math.max(iops[0], (iopsPerGiB ?? 1) * sizeGiB)
  if (asked > most)
    refuse('InvalidParameterValue', {
      message: `Iops to volume size ratio of ${asked}:${sizeGiB} is too high; maximum is ${iopsPerGiB} IOPS per GiB`,
    })
  return asked
}

function throughputOf(asked: number | undefined, type: VolumeType): number | null {
  const { throughput }: VolumeTypeRules = volumeTypes[type]
  if (asked === undefined) return null
  if (!throughput)
    refuse('InvalidParameterCombination', { message: `The parameter throughput is not supported for ${type} volumes.` })
  if (asked < throughput[0] || asked > throughput[1])
    refuse('InvalidParameterValue', {
      message: `Throughput of ${asked} MiB/s is not between ${throughput[0]} and ${throughput[1]}.`,
    })
  return asked
}
