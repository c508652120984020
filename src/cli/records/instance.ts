/** Lines of reservations and instances: `run-instances` and `describe-instances` print the same. */
import type { Instance, InstanceBlockDeviceMapping, Reservation } from '@aws-sdk/client-ec2'
import { type Line, tagLines } from '../lines.ts'
import { interfaceLines } from './network-interface.ts'

/** A `RESERVATION` line and its instances, the earliest launched first. */
export function reservationLines({ ReservationId, OwnerId, Groups = [], Instances = [] }: Reservation): Line[] {
  const groups = Groups.map((it) => it.GroupName || it.GroupId || '').join(', ')
  const byLaunch = Instances.toSorted((a, b) => (a.LaunchTime?.getTime() ?? 0) - (b.LaunchTime?.getTime() ?? 0))
  return [['RESERVATION', ReservationId, OwnerId, groups], ...byLaunch.flatMap(instanceLines)]
}

export function instanceLines(it: Instance): Line[] {
  return [
    instanceLine(it),
    ...(it.BlockDeviceMappings ?? []).map(blockDeviceLine),
    ...(it.NetworkInterfaces ?? []).flatMap(interfaceLines),
    ...tagLines(it.InstanceId, it.Tags),
  ]
}

/** The 33 fields. Source: euca2ools 3.4; two of them are always empty there too. */
function instanceLine(it: Instance): Line {
  const always = undefined
  return [
    ...['INSTANCE', it.InstanceId, it.ImageId, it.PublicDnsName, it.PrivateDnsName, it.State?.Name, it.KeyName],
    it.AmiLaunchIndex,
    it.ProductCodes?.map((code) => code.ProductCodeId).join(','),
    ...[it.InstanceType, it.LaunchTime, it.Placement?.AvailabilityZone, it.KernelId, it.RamdiskId, it.Platform],
    it.Monitoring?.State && `monitoring-${it.Monitoring.State}`,
    ...[it.PublicIpAddress, it.PrivateIpAddress, it.VpcId, it.SubnetId, it.RootDeviceType, it.InstanceLifecycle],
    ...[always, always],
    ...[it.Placement?.GroupName, it.VirtualizationType, it.Hypervisor, it.ClientToken],
    it.SecurityGroups?.map((group) => group.GroupId).join(','),
    ...[it.Placement?.Tenancy, it.EbsOptimized, it.IamInstanceProfile?.Arn, it.Architecture],
  ]
}

/** A volume of an instance. EC2 tells neither its type nor its IOPS here, Eucalyptus did: the fields stay empty. */
function blockDeviceLine({ DeviceName, Ebs }: InstanceBlockDeviceMapping): Line {
  return ['BLOCKDEVICE', DeviceName, Ebs?.VolumeId, Ebs?.AttachTime, Ebs?.DeleteOnTermination, undefined, undefined]
}
