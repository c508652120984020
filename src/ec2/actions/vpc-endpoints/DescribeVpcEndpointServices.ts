import type { ServiceDetail } from '@aws-sdk/client-ec2'
import { findService } from '../../../control/vpc-endpoints/endpoints.ts'
import { listServices } from '../../../control/vpc-endpoints/services.ts'
import { type Cloud, objectsDomains, zoneName } from '../../../model/cloud.ts'
import { absent } from '../../../query/filters.ts'
import { describe } from '../../action.ts'

interface Row {
  readonly name: string
  readonly region: string
}

/**
 * The services that gateway endpoints may lead to: the object store, where it is this cloud's own.
 * Refuses: InvalidServiceName, UnsupportedOperation (other regions).
 * Source: EC2 API Reference, DescribeVpcEndpointServices.
 */
export const DescribeVpcEndpointServices = describe('DescribeVpcEndpointServices', {
  async rows({ ServiceNames = [] }, { tx, cloud: { region } }): Promise<Row[]> {
    const services = ServiceNames.map((it) => findService(tx, it))
    return (services.length > 0 ? await Promise.all(services) : await listServices(tx)).map(({ name }) => ({
      name,
      region,
    }))
  },
  key: (row) => row.name,
  filters: {
    owner: () => 'amazon',
    'service-name': (row) => row.name,
    'service-region': (row) => row.region,
    'service-type': () => 'Gateway',
    'supported-ip-address-types': () => 'ipv4',
    ...absent('tag-key'),
  },
  render: renderService,
  assemble: (items) => ({ ServiceNames: items.map((it) => it.ServiceName ?? ''), ServiceDetails: items }),
})

/** Source: EC2 CLI Reference, describe-vpc-endpoint-services, examples. */
function renderService({ name }: Row, { cloud }: { readonly cloud: Cloud }): ServiceDetail {
  return {
    ServiceName: name,
    ServiceType: [{ ServiceType: 'Gateway' }],
    AvailabilityZones: cloud.zones.map((it) => zoneName(cloud, it)),
    Owner: 'amazon',
    BaseEndpointDnsNames: objectsDomains(cloud).slice(0, 1),
    VpcEndpointPolicySupported: false,
    AcceptanceRequired: false,
    ManagesVpcEndpoints: false,
    SupportedIpAddressTypes: ['ipv4'],
    Tags: [],
  }
}
