import { refuse } from '../../model/errors.ts'

/**
 * What happens when the guest shuts itself down: `stop`, unless the root device is no volume, which alone outlives that.
 * Source: EC2 API Reference, RunInstances, InstanceInitiatedShutdownBehavior.
 */
export function shutdownBehavior(value: string | undefined, isOnVolume: boolean): 'stop' | 'terminate' {
  if (value === undefined) return isOnVolume ? 'stop' : 'terminate'
  if (value === 'terminate') return value
  if (value !== 'stop')
    refuse('InvalidParameterValue', { message: `Invalid value '${value}' for InstanceInitiatedShutdownBehavior.` })
  if (isOnVolume) return value
  return refuse('UnsupportedOperation', {
    message: "The attribute value 'stop' for InstanceInitiatedShutdownBehavior needs a root device that is a volume.",
  })
}
