import { rootDeviceOf } from '../../../control/images/mappings.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { refuse } from '../../../model/errors.ts'
import type { Output } from '../../../query/types.ts'
import { action } from '../../action.ts'
import { fullInstances } from '../../full-instances.ts'
import { type FullInstance, renderMapping } from '../../render/instance.ts'

type Attributes = Output<'DescribeInstanceAttribute'>

/**
 * One attribute of an instance; empty where the instance has none.
 * Refuses: InvalidInstanceID.*, InvalidParameterValue.
 * Source: EC2 API Reference, DescribeInstanceAttribute.
 */
export const DescribeInstanceAttribute = action('DescribeInstanceAttribute', {
  async run({ InstanceId, Attribute }, { tx, caller }) {
    const render = Object.hasOwn(attributes, Attribute) ? attributes[Attribute] : undefined
    if (!render) {
      refuse('InvalidParameterValue', {
        message: `Value (${Attribute}) for parameter attribute is invalid. Unknown attribute.`,
      })
    }
    const [instance] = await fullInstances(tx, [await findInstance(tx, caller.account, InstanceId)])
    return { InstanceId, ...render(instance!) } // one row in, one out
  },
})

/** Members of the answer for each attribute. No instance has ENA or SR-IOV here. */
const attributes: Readonly<Record<string, (instance: FullInstance) => Attributes>> = {
  instanceType: ({ row }) => ({ InstanceType: { Value: row.type } }),
  kernel: ({ boot }) => ({ KernelId: boot?.kernelId ? { Value: boot.kernelId } : {} }),
  ramdisk: ({ boot }) => ({ RamdiskId: boot?.ramdiskId ? { Value: boot.ramdiskId } : {} }),
  userData: ({ row }) => ({ UserData: row.userData === null ? {} : { Value: row.userData } }),
  disableApiTermination: ({ row }) => ({ DisableApiTermination: { Value: row.apiTerminationDisabled === 1 } }),
  disableApiStop: ({ row }) => ({ DisableApiStop: { Value: row.apiStopDisabled === 1 } }),
  instanceInitiatedShutdownBehavior: ({ row }) => ({
    InstanceInitiatedShutdownBehavior: { Value: row.shutdownBehavior },
  }),
  rootDeviceName: ({ image }) => ({ RootDeviceName: { Value: rootDeviceOf(image) } }),
  blockDeviceMapping: ({ attachments }) => ({ BlockDeviceMappings: attachments.map(renderMapping) }),
  productCodes: () => ({ ProductCodes: [] }),
  sourceDestCheck: ({ interfaces }) => ({ SourceDestCheck: { Value: interfaces[0]?.row.sourceDestCheck !== 0 } }),
  groupSet: ({ interfaces }) => ({
    Groups: (interfaces[0]?.groups ?? []).map(({ id, name }) => ({ GroupId: id, GroupName: name })),
  }),
  ebsOptimized: ({ row }) => ({ EbsOptimized: { Value: row.ebsOptimized === 1 } }),
  sriovNetSupport: () => ({ SriovNetSupport: {} }),
  enaSupport: () => ({ EnaSupport: { Value: false } }),
  enclaveOptions: () => ({ EnclaveOptions: { Enabled: false } }),
}
