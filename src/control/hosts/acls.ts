import { remembered } from '../../base/remembered.ts'
import type { VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { type AclSpecs, aclSpecs } from '../network-acls/acl-specs.ts'
import type { Scene } from './scene.ts'

/** The ACLs of a VPC's subnets: the same for its routers on all hosts, and at the edge. */
export function aclsOf(reader: Reader, { network }: Scene, vpc: VpcId): Promise<AclSpecs> {
  return remembered(network, `acls ${vpc}`, [], () => aclSpecs(reader, vpc))
}
