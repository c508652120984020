/** What a launch may not ask for here. */
import type { RunInstancesRequest } from '@aws-sdk/client-ec2'
import { refuse } from '../../model/errors.ts'
import { refuseResourceNames } from './resource-names.ts'

/** As many as one request may ask for. Guess: EC2 answers by quota; a typing error should not fill a rack. */
const mostAtOnce = 1000

/** Source: errors of EC2 quoted in public, for the minimum. Guess: the rest. */
export function launchCounts({ MinCount, MaxCount }: RunInstancesRequest): { min: number; max: number } {
  const [min, max] = [whole('minCount', MinCount ?? 1), whole('maxCount', MaxCount ?? 1)]
  if (min > max) {
    refuse('InvalidParameterCombination', { message: `MinCount (${min}) must not be larger than MaxCount (${max}).` })
  }
  return { min, max }
}

function whole(name: string, count: number): number {
  const wrong = (why: string) =>
    refuse('InvalidParameterValue', { message: `Value (${count}) for parameter ${name} is invalid. ${why}` })
  if (!Number.isInteger(count)) return wrong('Expecting a whole number.')
  if (count < 1) return wrong('Minimum value is 1.')
  return count > mostAtOnce ? wrong(`Maximum value is ${mostAtOnce}.`) : count
}

/** Parameters that would change the machine in ways that this cloud does not have: better refused than ignored. */
const notServed = [
  'IamInstanceProfile',
  'LaunchTemplate',
  'InstanceMarketOptions',
  'CpuOptions',
  'EnablePrimaryIpv6',
  'ElasticGpuSpecification',
  'ElasticInferenceAccelerators',
  'LicenseSpecifications',
  'NetworkPerformanceOptions',
  'Operator',
  'SecondaryInterfaces',
] as const satisfies readonly (keyof RunInstancesRequest)[]

export function refuseWhatIsNotServed(input: RunInstancesRequest): void {
  for (const name of notServed) if (isGiven(input[name])) lacking(`The parameter ${name} is`)
  const { Placement: place = {}, CapacityReservationSpecification: reserved } = input
  const asked: Readonly<Record<string, boolean>> = {
    'Hibernation is': input.HibernationOptions?.Configured === true,
    'Enclaves are': input.EnclaveOptions?.Enabled === true,
    'Placement groups are': isGiven(place.GroupName) || isGiven(place.GroupId) || isGiven(place.PartitionNumber),
    'Dedicated tenancy is': isGiven(place.Tenancy) && place.Tenancy !== 'default',
    'Placement on a given host is': isGiven(place.HostId) || isGiven(place.HostResourceGroupArn),
    'Unlimited CPU credit is':
      isGiven(input.CreditSpecification) && input.CreditSpecification?.CpuCredits !== 'standard',
    'A capacity reservation is': isGiven(reserved?.CapacityReservationTarget),
  }
  for (const [what, is] of Object.entries(asked)) if (is) lacking(what)
  refuseResourceNames(input.PrivateDnsNameOptions)
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0 && value !== '' && value !== false
}

function lacking(what: string): never {
  return refuse('UnsupportedOperation', { message: `${what} not served by this cloud.` })
}
