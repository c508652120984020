import { changeGroups, changeInstance, changeSourceDestCheck } from '../../../control/instances/change.ts'
import { changeDeletion, changeStopped } from '../../../control/instances/change-stopped.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { isOnVolume } from '../../../control/instances/on-volume.ts'
import { findGroups } from '../../../control/security-groups/groups.ts'
import { refuse } from '../../../model/errors.ts'
import type { Input } from '../../../query/types.ts'
import type { InstanceRow } from '../../../store/tables/resources.ts'
import { action, type Context } from '../../action.ts'
import { shutdownBehavior } from '../../parse/shutdown-behavior.ts'

type Wanted = Input<'ModifyInstanceAttribute'>
type Change = (context: Context, row: InstanceRow, wanted: Wanted) => Promise<unknown>

/**
 * Changes one attribute of an instance. Groups and the source/destination check change under the running guest.
 * Refuses: InvalidInstanceID.*, InvalidParameterCombination (none, or several), InvalidParameterValue, InvalidGroup.NotFound,
 * SecurityGroupsPerInterfaceLimitExceeded, IncorrectInstanceState, InvalidInstanceAttributeValue.
 * Source: EC2 API Reference, ModifyInstanceAttribute; for texts, terraform-provider-aws and ansible-collections/amazon.aws#470.
 */
export const ModifyInstanceAttribute = action('ModifyInstanceAttribute', {
  async run(input, context) {
    const wanted = {
      ...input,
      ...flatAttribute(input),
      ...(input.SecurityGroupIds && { Groups: [...input.SecurityGroupIds] }),
    }
    const [name, ...more] = Object.keys(changes).filter((it) => isGiven(wanted[it as keyof Wanted]))
    if (!name) refuse('InvalidParameterCombination', { message: 'No attributes specified.' })
    if (more.length > 0)
      refuse('InvalidParameterCombination', { message: 'Fields for multiple attribute types specified' })
    const row = await findInstance(context.tx, context.caller.account, input.InstanceId)
    await changes[name]!(context, row, wanted) // chosen from its keys
    return {}
  },
})

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined
}

const changes: Readonly<Record<string, Change>> = {
  DisableApiTermination: ({ tx }, row, { DisableApiTermination: it }) =>
    changeInstance(tx, row, { apiTerminationDisabled: it?.Value ? 1 : 0 }),
  DisableApiStop: ({ tx }, row, { DisableApiStop: it }) =>
    changeInstance(tx, row, { apiStopDisabled: it?.Value ? 1 : 0 }),
  InstanceInitiatedShutdownBehavior: async ({ tx }, row, { InstanceInitiatedShutdownBehavior: it }) =>
    changeInstance(tx, row, { shutdownBehavior: shutdownBehavior(it?.Value, await isOnVolume(tx, row)) }),
  SourceDestCheck: ({ tx }, row, { SourceDestCheck: it }) => changeSourceDestCheck(tx, row, it?.Value ?? true),
  Groups: ({ tx, caller }, row, { Groups: ids = [] }) =>
    changeGroups(tx, row, async (nic) =>
      (await findGroups(tx, caller.account, nic.vpcId, { ids, names: [] })).map((it) => it.id),
    ),
  BlockDeviceMappings: async ({ tx }, row, { BlockDeviceMappings: mappings = [] }) => {
    for (const { DeviceName, Ebs } of mappings)
      await changeDeletion(tx, row, DeviceName ?? '', Ebs?.DeleteOnTermination ?? true)
  },
  InstanceType: ({ tx }, row, { InstanceType: it }) => changeStopped(tx, row, { type: it?.Value ?? '' }),
  Kernel: needsStopped,
  Ramdisk: needsStopped,
  UserData: ({ tx }, row, { UserData: it }) => changeStopped(tx, row, { userData: encoded(it?.Value) }),
  EbsOptimized: ({ tx }, row, { EbsOptimized: it }) => changeStopped(tx, row, { ebsOptimized: it?.Value ? 1 : 0 }),
  EnaSupport: needsStopped,
  SriovNetSupport: needsStopped,
}

/** As rows hold it. The form of the first versions has text that is encoded already. */
function encoded(value: Uint8Array | string | undefined): string | null {
  if (value === undefined || value.length === 0) return null
  return typeof value === 'string' ? value : Buffer.from(value).toString('base64')
}

/** What no instance here can have of its own choice. */
async function needsStopped(_context: Context, { id }: InstanceRow): Promise<never> {
  return refuse('IncorrectInstanceState', { message: `The instance '${id}' is not in the 'stopped' state.` })
}

/** The form of the first versions: `Attribute=disableApiTermination&Value=true`. */
function flatAttribute({ Attribute: name, Value }: Wanted): Partial<Wanted> {
  if (name === undefined) return {}
  if (Value === undefined) return refuse('MissingParameter', { parameter: 'Value' })
  const member = Object.hasOwn(members, name) ? members[name as keyof typeof members] : undefined
  if (!member)
    return refuse('InvalidParameterValue', { message: `Value (${name}) for parameter attribute is invalid.` })
  return { [member]: { Value: booleans.has(member) ? truth(Value) : Value } }
}

const members = {
  instanceType: 'InstanceType',
  kernel: 'Kernel',
  ramdisk: 'Ramdisk',
  userData: 'UserData',
  disableApiTermination: 'DisableApiTermination',
  disableApiStop: 'DisableApiStop',
  instanceInitiatedShutdownBehavior: 'InstanceInitiatedShutdownBehavior',
  sourceDestCheck: 'SourceDestCheck',
  ebsOptimized: 'EbsOptimized',
  enaSupport: 'EnaSupport',
  sriovNetSupport: 'SriovNetSupport',
} as const

const booleans: ReadonlySet<string> = new Set([
  'DisableApiTermination',
  'DisableApiStop',
  'SourceDestCheck',
  'EbsOptimized',
  'EnaSupport',
])

function truth(text: string): boolean {
  if (/^true$/i.test(text)) return true
  return /^false$/i.test(text)
    ? false
    : refuse('InvalidParameterValue', {
        message: `Value (${text}) for parameter value is invalid. Expecting true or false.`,
      })
}
