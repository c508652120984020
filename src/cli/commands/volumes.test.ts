import { expect, test } from 'vitest'
import { fakeOutside } from '../fake/outside.ts'
import { main } from '../main.ts'

async function ran(line: string, answer: object = {}) {
  const [name = '', ...args] = line.split(' ')
  const outside = fakeOutside({ answers: [answer] })
  const status = await main(name, args, outside)
  return { status, asked: outside.asked, out: outside.printed.out, err: outside.printed.err }
}

const root = { DeviceName: '/dev/sda1', Ebs: { SnapshotId: 'snap-1' } }

test.each([
  ['ec2-create-volume -s 10 -z us-west-2c', 'CreateVolume', { AvailabilityZone: 'us-west-2c', Size: 10 }],
  [
    'euca-create-volume -z us-west-2c --snapshot snap-1 -t io1 -i 100',
    'CreateVolume',
    { AvailabilityZone: 'us-west-2c', SnapshotId: 'snap-1', VolumeType: 'io1', Iops: 100 },
  ],
  [
    'ec2-attach-volume vol-1 -i i-1 -d /dev/xvdb',
    'AttachVolume',
    { VolumeId: 'vol-1', InstanceId: 'i-1', Device: '/dev/xvdb' },
  ],
  ['ec2-detach-volume vol-1', 'DetachVolume', { VolumeId: 'vol-1' }],
  [
    'euca-detach-volume vol-1 -i i-1 -d /dev/xvdb -f',
    'DetachVolume',
    { VolumeId: 'vol-1', InstanceId: 'i-1', Device: '/dev/xvdb', Force: true },
  ],
  ['ec2-delete-volume vol-1', 'DeleteVolume', { VolumeId: 'vol-1' }],
  [
    'euca-describe-volumes vol-1 --filter attachment.device=/dev/sdf',
    'DescribeVolumes',
    { VolumeIds: ['vol-1'], Filters: [{ Name: 'attachment.device', Values: ['/dev/sdf'] }] },
  ],
  ['ec2-create-snapshot vol-1 -d daily', 'CreateSnapshot', { VolumeId: 'vol-1', Description: 'daily' }],
  ['ec2-delete-snapshot snap-1', 'DeleteSnapshot', { SnapshotId: 'snap-1' }],
  ['euca-describe-snapshots snap-1 -o self', 'DescribeSnapshots', { SnapshotIds: ['snap-1'], OwnerIds: ['self'] }],
  [
    'ec2-modify-snapshot-attribute snap-1 -c -a 111122223333 -a all -r 444455556666',
    'ModifySnapshotAttribute',
    {
      SnapshotId: 'snap-1',
      CreateVolumePermission: {
        Add: [{ UserId: '111122223333' }, { Group: 'all' }],
        Remove: [{ UserId: '444455556666' }],
      },
    },
  ],
  [
    'euca-describe-snapshot-attribute snap-1 -c',
    'DescribeSnapshotAttribute',
    { SnapshotId: 'snap-1', Attribute: 'createVolumePermission' },
  ],
  [
    'euca-reset-snapshot-attribute snap-1 -c',
    'ResetSnapshotAttribute',
    { SnapshotId: 'snap-1', Attribute: 'createVolumePermission' },
  ],
  [
    'ec2-create-image i-1 -n copy -d of-it --no-reboot -b /dev/sdf=none',
    'CreateImage',
    {
      ...{ InstanceId: 'i-1', Name: 'copy', Description: 'of-it', NoReboot: true },
      BlockDeviceMappings: [{ DeviceName: '/dev/sdf', NoDevice: 'none' }],
    },
  ],
  [
    'ec2-register -n mine -s snap-1',
    'RegisterImage',
    { Name: 'mine', RootDeviceName: '/dev/sda1', BlockDeviceMappings: [root] },
  ],
  [
    'euca-register -n mine --root-device-name /dev/xvda -b /dev/xvda=snap-2:8 -b /dev/sdb=ephemeral0',
    'RegisterImage',
    {
      ...{ Name: 'mine', RootDeviceName: '/dev/xvda' },
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { SnapshotId: 'snap-2', VolumeSize: 8 } },
        { DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' },
      ],
    },
  ],
])('%s', async (line, operation, input) => {
  const { status, asked, err } = await ran(line)
  expect(status, err).toBe(0)
  expect(asked).toEqual([{ operation, input }])
})

const made = new Date('2014-04-23T23:13:41.660Z')
const Attachments = [{ VolumeId: 'vol-1', InstanceId: 'i-1', Device: '/dev/xvdb', State: 'attached', AttachTime: made }]
const volume = {
  ...{ VolumeId: 'vol-1', Size: 10, SnapshotId: '', AvailabilityZone: 'us-west-2c', State: 'in-use' },
  ...{ CreateTime: made, VolumeType: 'standard' },
}
const snapshot = {
  ...{ SnapshotId: 'snap-1', VolumeId: 'vol-1', State: 'pending', StartTime: made, Progress: '20%' },
  ...{ OwnerId: '111122223333', VolumeSize: 10, Description: 'daily' },
}
const time = '2014-04-23T23:13:41.660Z'

test.each([
  ['ec2-create-volume -s 10 -z us-west-2c', volume, `VOLUME\tvol-1\t10\t\tus-west-2c\tin-use\t${time}\n`],
  [
    'ec2-describe-volumes',
    { Volumes: [{ ...volume, Attachments, Tags: [{ Key: 'a', Value: 'b' }] }] },
    `VOLUME\tvol-1\t10\t\tus-west-2c\tin-use\t${time}\tstandard\t\nATTACHMENT\tvol-1\ti-1\t/dev/xvdb\tattached\t${time}\nTAG\tvolume\tvol-1\ta\tb\n`,
  ],
  [
    'ec2-attach-volume vol-1 -i i-1 -d /dev/xvdb',
    Attachments[0]!,
    `ATTACHMENT\tvol-1\ti-1\t/dev/xvdb\tattached\t${time}\n`,
  ],
  ['ec2-detach-volume vol-1', Attachments[0]!, `ATTACHMENT\tvol-1\ti-1\t/dev/xvdb\tattached\t${time}\n`],
  ['ec2-delete-volume vol-1', {}, 'VOLUME\tvol-1\n'],
  ['ec2-create-snapshot vol-1', snapshot, `SNAPSHOT\tsnap-1\tvol-1\tpending\t${time}\t111122223333\t10\tdaily\n`],
  [
    'ec2-describe-snapshots snap-1',
    { Snapshots: [snapshot] },
    `SNAPSHOT\tsnap-1\tvol-1\tpending\t${time}\t20%\t111122223333\t10\tdaily\n`,
  ],
  ['ec2-delete-snapshot snap-1', {}, 'SNAPSHOT\tsnap-1\n'],
  [
    'ec2-modify-snapshot-attribute snap-1 -c -a all -r 444455556666',
    {},
    'createVolumePermission\tsnap-1\tADD\tGroup\tall\ncreateVolumePermission\tsnap-1\tREMOVE\tUserId\t444455556666\n',
  ],
  [
    'ec2-describe-snapshot-attribute snap-1 -c',
    { SnapshotId: 'snap-1', CreateVolumePermissions: [{ Group: 'all' }, { UserId: '1' }] },
    'createVolumePermission\tsnap-1\tgroup\tall\ncreateVolumePermission\tsnap-1\tuserId\t1\n',
  ],
  ['ec2-reset-snapshot-attribute snap-1 -c', {}, 'createVolumePermission\tsnap-1\tRESET\n'],
  ['ec2-create-image i-1 -n copy', { ImageId: 'ami-1' }, 'IMAGE\tami-1\n'],
  ['ec2-register -n mine -s snap-1', { ImageId: 'ami-1' }, 'IMAGE\tami-1\n'],
])('%s prints', async (line, answer, printed) => {
  const { out, err } = await ran(line, answer)
  expect(out, err).toBe(printed)
})

test.each([
  'ec2-create-volume -z us-west-2c',
  'ec2-create-volume -s ten -z us-west-2c',
  'ec2-attach-volume vol-1 -i i-1',
  'ec2-modify-snapshot-attribute snap-1 -c',
  'ec2-modify-snapshot-attribute snap-1 -a all',
  'ec2-create-image i-1',
  'ec2-register -n mine',
  'ec2-register bucket/key -n mine -s snap-1',
  'ec2-register -n mine -s snap-1 -b /dev/sda1=snap-2',
])('%s is a mistake', async (line) => {
  const { status, asked } = await ran(line)
  expect([status, asked]).toEqual([2, []])
})
