/**
 * What Eucalyptus added to EC2's operations before EC2 used the same names. Its clients need it, others never see it.
 * Source: euca2ools 3.4, `euca-describe-instance-types`: it sends `Availability=true` and reads nothing but
 * `instanceTypeDetails`; `euca-modify-instance-attribute --group`: it sends `SecurityGroupId.N` where EC2 has `GroupId.N`.
 */
import type { MemberRow, ShapeRow, Snapshot } from './snapshot.ts'

export interface EucalyptusInput {
  readonly DescribeInstanceTypes: { readonly Availability?: boolean | undefined }
  readonly ModifyInstanceAttribute: { readonly SecurityGroupIds?: readonly string[] | undefined }
}

export interface EucalyptusOutput {
  readonly DescribeInstanceTypes: { readonly InstanceTypeDetails?: readonly InstanceTypeDetail[] | undefined }
}

/** Cores, GiB of disk, MiB of memory, and how many instances still fit into each zone. */
export interface InstanceTypeDetail {
  readonly Name: string
  readonly Cpu: number
  readonly Disk: number
  readonly Memory: number
  readonly Availability?: readonly { readonly ZoneName: string; readonly Max: number; readonly Available: number }[]
}

/** `model` with Eucalyptus' members added to its operations. */
export function withEucalyptus(model: Snapshot): Snapshot {
  const [input, output] = model.operations.DescribeInstanceTypes ?? [-1, -1]
  const shapes: ShapeRow[] = [...model.shapes]
  const add = (row: ShapeRow): number => shapes.push(row) - 1
  const member = (name: string, shape: number): MemberRow => [
    name,
    0,
    name.charAt(0).toLowerCase() + name.slice(1),
    shape,
  ]
  const structure = (...members: MemberRow[]): number => add(['struct', 0, members])
  const listOf = (item: number): number => add(['list', item, 'item'])

  const [text, count] = [add('string'), add('number')]
  const zone = structure(member('ZoneName', text), member('Max', count), member('Available', count))
  const sizes = ['Cpu', 'Disk', 'Memory'].map((name) => member(name, count))
  const detail = structure(member('Name', text), ...sizes, member('Availability', listOf(zone)))
  extend(shapes, input, member('Availability', add('boolean')))
  const [change = -1] = model.operations.ModifyInstanceAttribute ?? []
  extend(shapes, change, ['SecurityGroupIds', 'SecurityGroupId', 0, listOf(text)])
  extend(shapes, output, member('InstanceTypeDetails', listOf(detail)))
  return { ...model, shapes }
}

function extend(shapes: ShapeRow[], id: number, member: MemberRow): void {
  const row = shapes[id]
  if (typeof row === 'object' && row[0] === 'struct') shapes[id] = ['struct', row[1], [...row[2], member]]
}
