import { refuse } from '../../model/errors.ts'

/** What happens when the guest shuts itself down. Only a volume can outlive that, so `stop` needs a root device that is one. */
export function shutdownBehavior(value: string | undefined): 'stop' | 'terminate' {
  if (value === undefined || value === 'terminate') return 'terminate'
  if (value !== 'stop')
    refuse('InvalidParameterValue', { message: `Invalid value '${value}' for InstanceInitiatedShutdownBehavior.` })
  return refuse('UnsupportedOperation', {
    message: "The attribute value 'stop' for InstanceInitiatedShutdownBehavior needs a root device that is a volume.",
  })
}
