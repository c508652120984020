import { refuse } from '../../model/errors.ts'
import type { MetadataOptionsJson } from '../../store/tables/resources.ts'

export interface MetadataOptionsInput {
  readonly HttpTokens?: string | undefined
  readonly HttpPutResponseHopLimit?: number | undefined
  readonly HttpEndpoint?: string | undefined
  readonly HttpProtocolIpv6?: string | undefined
  readonly InstanceMetadataTags?: string | undefined
}

/** Source: EC2 User Guide, "Configure the Instance Metadata Service options": defaults of the service. */
const defaults: MetadataOptionsJson = {
  tokens: 'optional',
  hopLimit: 1,
  enabled: true,
  tagsEnabled: false,
  ipv6Enabled: false,
}

/** The options of a new instance: what was not said has its default. */
export function newMetadataOptions(input: MetadataOptionsInput | undefined): MetadataOptionsJson {
  return changeMetadataOptions(defaults, input ?? {})
}

/** `options` with what `input` says. Refuses values that EC2 does not know, and metadata by IPv6. */
export function changeMetadataOptions(options: MetadataOptionsJson, input: MetadataOptionsInput): MetadataOptionsJson {
  const hopLimit = input.HttpPutResponseHopLimit ?? options.hopLimit
  if (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64) {
    refuse('InvalidParameterValue', {
      message: `Value (${hopLimit}) for parameter HttpPutResponseHopLimit is invalid. It must be from 1 to 64.`,
    })
  }
  if (input.HttpProtocolIpv6 === 'enabled')
    refuse('UnsupportedOperation', { message: 'Metadata is served by IPv4 alone in this cloud.' })
  return {
    hopLimit,
    tokens: choice('HttpTokens', input.HttpTokens, ['optional', 'required']) ?? options.tokens,
    enabled: flag('HttpEndpoint', input.HttpEndpoint) ?? options.enabled,
    ipv6Enabled: flag('HttpProtocolIpv6', input.HttpProtocolIpv6) ?? options.ipv6Enabled,
    tagsEnabled: flag('InstanceMetadataTags', input.InstanceMetadataTags) ?? options.tagsEnabled,
  }
}

function flag(name: string, value: string | undefined): boolean | undefined {
  const chosen = choice(name, value, ['enabled', 'disabled'])
  return chosen === undefined ? undefined : chosen === 'enabled'
}

function choice<const T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  return (
    allowed.find((it) => it === value) ??
    refuse('InvalidParameterValue', { message: `Value (${value}) for parameter ${name} is invalid.` })
  )
}
