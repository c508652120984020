/** Every action of EC2 that is served: a new one is one file, one import and one line here. */
import { DescribeInstances } from './actions/instances/DescribeInstances.ts'
import { RunInstances } from './actions/instances/RunInstances.ts'
import { TerminateInstances } from './actions/instances/TerminateInstances.ts'
import { CreateKeyPair } from './actions/key-pairs/CreateKeyPair.ts'
import { DeleteKeyPair } from './actions/key-pairs/DeleteKeyPair.ts'
import { DescribeKeyPairs } from './actions/key-pairs/DescribeKeyPairs.ts'
import { ImportKeyPair } from './actions/key-pairs/ImportKeyPair.ts'
import { AuthorizeSecurityGroupEgress } from './actions/security-groups/AuthorizeSecurityGroupEgress.ts'
import { AuthorizeSecurityGroupIngress } from './actions/security-groups/AuthorizeSecurityGroupIngress.ts'
import { CreateSecurityGroup } from './actions/security-groups/CreateSecurityGroup.ts'
import { DeleteSecurityGroup } from './actions/security-groups/DeleteSecurityGroup.ts'
import { DescribeSecurityGroupRules } from './actions/security-groups/DescribeSecurityGroupRules.ts'
import { DescribeSecurityGroups } from './actions/security-groups/DescribeSecurityGroups.ts'
import { ModifySecurityGroupRules } from './actions/security-groups/ModifySecurityGroupRules.ts'
import { RevokeSecurityGroupEgress } from './actions/security-groups/RevokeSecurityGroupEgress.ts'
import { RevokeSecurityGroupIngress } from './actions/security-groups/RevokeSecurityGroupIngress.ts'
import { UpdateSecurityGroupRuleDescriptionsEgress } from './actions/security-groups/UpdateSecurityGroupRuleDescriptionsEgress.ts'
import { UpdateSecurityGroupRuleDescriptionsIngress } from './actions/security-groups/UpdateSecurityGroupRuleDescriptionsIngress.ts'

export const ec2Actions = [
  AuthorizeSecurityGroupEgress,
  AuthorizeSecurityGroupIngress,
  CreateKeyPair,
  CreateSecurityGroup,
  DeleteKeyPair,
  DeleteSecurityGroup,
  DescribeInstances,
  DescribeKeyPairs,
  DescribeSecurityGroupRules,
  DescribeSecurityGroups,
  ImportKeyPair,
  ModifySecurityGroupRules,
  RevokeSecurityGroupEgress,
  RevokeSecurityGroupIngress,
  RunInstances,
  TerminateInstances,
  UpdateSecurityGroupRuleDescriptionsEgress,
  UpdateSecurityGroupRuleDescriptionsIngress,
] as const
