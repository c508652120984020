/** DHCP options of a request. Source: EC2 API Reference, CreateDhcpOptions; VPC User Guide, "DHCP option set concepts". */
import type { NewDhcpConfiguration } from '@aws-sdk/client-ec2'
import { amazonDns } from '../../control/dhcp-options/options.ts'
import { isAddress } from '../../control/vpcs/addresses.ts'
import { refuse } from '../../model/errors.ts'
import type { DhcpOptionsJson } from '../../store/tables/vpcs.ts'

interface Option {
  readonly most: number
  readonly isRight: (value: string) => boolean
}

const domain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i

const known: Readonly<Record<string, Option>> = {
  'domain-name': { most: 1, isRight: (it) => domain.test(it) && it.length < 254 },
  'domain-name-servers': { most: 4, isRight: (it) => isAddress(it) || it === amazonDns },
  'ntp-servers': { most: 4, isRight: isAddress },
  'netbios-name-servers': { most: 4, isRight: isAddress },
  'netbios-node-type': { most: 1, isRight: (it) => ['1', '2', '4', '8'].includes(it) },
}

/** Values may come in one text, with commas between. Refuses options that EC2 does not know, and values that are none. */
export function readDhcpOptions(given: readonly NewDhcpConfiguration[] = []): DhcpOptionsJson {
  const options: Record<string, string[]> = {}
  for (const { Key = '', Values = [] } of given) {
    const option = Object.hasOwn(known, Key) ? known[Key] : undefined
    if (!option) return invalid(Key, 'is not a valid DHCP option')
    const values = Values.flatMap((it) => it.split(',')).map((it) => it.trim())
    if (options[Key]) return invalid(Key, 'is specified more than once')
    if (values.length === 0 || values.length > option.most) return invalid(Key, `takes 1 to ${option.most} values`)
    const wrong = values.find((it) => !option.isRight(it))
    if (wrong !== undefined) return invalid(wrong, `is not a value of ${Key}`)
    options[Key] = values
  }
  if (Object.keys(options).length === 0) refuse('MissingParameter', { parameter: 'dhcpConfiguration' })
  return options
}

/** Guess: the texts. */
function invalid(value: string, why: string): never {
  return refuse('InvalidParameterValue', {
    message: `Value (${value}) for parameter dhcpConfiguration is invalid. It ${why}.`,
  })
}
