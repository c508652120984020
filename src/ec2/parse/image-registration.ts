import type { RegisterImageRequest } from '@aws-sdk/client-ec2'
import { refuse } from '../../model/errors.ts'

/** Parameters that would make another machine of the image than the one that is made. */
const unserved = [
  ...['BlockDeviceMappings', 'BootMode', 'TpmSupport', 'UefiData', 'ImdsSupport', 'SriovNetSupport', 'EnaSupport'],
  ...['BillingProducts'],
] as const satisfies readonly (keyof RegisterImageRequest)[]

const architectures = ['x86_64', 'i386']

export function refuseUnserved(input: RegisterImageRequest): void {
  for (const name of unserved) {
    const value = input[name]
    if (value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0))
      refuse('UnsupportedOperation', { message: `${name} is not served for images out of bundles.` })
  }
  if (input.Architecture && !architectures.includes(input.Architecture))
    refuse('InvalidParameterValue', { message: `Machines here are x86: ${input.Architecture} cannot run.` })
}
