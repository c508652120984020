import { makeAcl } from '../../../control/network-acls/change.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'
import { fullAcls, renderAcl } from '../../render/network-acl.ts'

/**
 * Makes a network ACL that denies everything; no subnet has it yet.
 * Refuses: InvalidVpcID.NotFound.
 * Source: EC2 API Reference, CreateNetworkAcl.
 */
export const CreateNetworkAcl = action('CreateNetworkAcl', {
  creates: ['network-acl'],
  async run({ VpcId }, context) {
    const { tx, caller } = context
    const [vpc] = await listVpcs(tx, caller.account, [VpcId])
    const row = await makeAcl(tx, { account: caller.account, vpc: vpc!.id, isDefault: false }, context) // listVpcs refuses
    await context.tag('network-acl', row.id)
    const [acl] = await fullAcls(tx, [row])
    return { NetworkAcl: renderAcl(acl!) } // one for one
  },
})
