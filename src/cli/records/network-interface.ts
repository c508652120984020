/** Lines of a network interface: its own, then its attachment, public address, groups and private addresses. */
import type { InstanceNetworkInterface, NetworkInterface, NetworkInterfaceAttachment } from '@aws-sdk/client-ec2'
import type { Line } from '../lines.ts'

/** The interface as an instance has it, or as it is described by itself: then its attachment names the instance. */
export function interfaceLines(nic: InstanceNetworkInterface | NetworkInterface): Line[] {
  const { Attachment, Association, Groups = [], PrivateIpAddresses = [] } = nic
  const address = PrivateIpAddresses.find((it) => it.Association?.PublicIp === Association?.PublicIp)
  return [
    [
      ...['NETWORKINTERFACE', nic.NetworkInterfaceId, nic.SubnetId, nic.VpcId, nic.OwnerId, nic.Status],
      ...[nic.PrivateIpAddress, nic.PrivateDnsName, nic.SourceDestCheck],
    ],
    ...(Attachment ? [attachmentLine(Attachment)] : []),
    ...(Association ? [['ASSOCIATION', Association.PublicIp, Association.IpOwnerId, address?.PrivateIpAddress]] : []),
    ...Groups.map((it) => ['GROUP', it.GroupId, it.GroupName]),
    ...PrivateIpAddresses.map((it) => [
      'PRIVATEIPADDRESS',
      it.PrivateIpAddress,
      it.PrivateDnsName,
      it.Primary ? 'primary' : undefined,
    ]),
  ]
}

function attachmentLine(it: NetworkInterfaceAttachment): Line {
  return [
    'ATTACHMENT',
    it.InstanceId,
    it.AttachmentId,
    it.DeviceIndex,
    it.Status,
    it.AttachTime,
    it.DeleteOnTermination,
  ]
}
