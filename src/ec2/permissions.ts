/** What the actions on a group's rules have in common: each exists for both directions. */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2'
import {
  authorizeIn,
  describeIn,
  type Revoked,
  revokeById,
  revokeIn,
  rulesById,
  rulesIn,
  withDescription,
} from '../control/security-groups/change.ts'
import { checkDescription, type PermissionInput } from '../control/security-groups/permissions.ts'
import { namedGroup } from '../control/security-groups/references.ts'
import { permissionsOf, type Rule, securityGroupRuleOf } from '../control/security-groups/rule.ts'
import { changeRules, type KeptRule } from '../control/security-groups/rules.ts'
import { tagsOf } from '../control/tags/tags.ts'
import { refuse } from '../model/errors.ts'
import type { Output } from '../query/types.ts'
import type { Context } from './action.ts'
import { renderRule } from './render/security-group.ts'

type Direction = Rule['direction']
type Named = PermissionInput & { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined }

export async function authorizeRules(
  context: Context,
  direction: Direction,
  input: Named,
): Promise<Output<'AuthorizeSecurityGroupIngress'>> {
  const { tx, caller, cloud } = context
  const group = await namedGroup(tx, caller.account, input)
  const added = await authorizeIn(tx, group, await rulesIn(tx, group, direction, input), context)
  for (const { id } of added) await context.tag('security-group-rule', id)
  const tags = await tagsOf(
    tx,
    added.map((it) => it.id),
  )
  return {
    Return: true,
    SecurityGroupRules: added.map((it) => renderRule(cloud, caller.account, it, tags.get(it.id) ?? {})),
  }
}

export async function revokeRules(
  { tx, caller }: Context,
  direction: Direction,
  input: Named & { readonly SecurityGroupRuleIds?: readonly string[] | undefined },
): Promise<Output<'RevokeSecurityGroupIngress'>> {
  const group = await namedGroup(tx, caller.account, input)
  const ids = input.SecurityGroupRuleIds ?? []
  if (ids.length > 0 && input.IpPermissions?.length) refuseBoth('securityGroupRuleIds', 'ipPermissions')
  const { revoked, unknown }: Revoked =
    ids.length > 0
      ? await revokeById(tx, group, direction, ids)
      : await revokeIn(tx, group, direction, await rulesIn(tx, group, direction, input))
  return {
    Return: true,
    RevokedSecurityGroupRules: revoked.map(renderRevoked),
    ...(unknown.length > 0 && { UnknownIpPermissions: permissionsOf(unknown) }),
  }
}

type RevokedRule = NonNullable<Output<'RevokeSecurityGroupIngress'>['RevokedSecurityGroupRules']>[number]

/** Source: EC2 API Reference, "RevokedSecurityGroupRule". */
function renderRevoked(rule: KeptRule): RevokedRule {
  const { ReferencedGroupInfo, ...rest }: SecurityGroupRule = securityGroupRuleOf(rule)
  const referred = ReferencedGroupInfo?.GroupId
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: rule.groupId,
    ...rest,
    ...(referred && { ReferencedGroupId: referred }),
  }
}

interface Described {
  readonly SecurityGroupRuleDescriptions?:
    | readonly { readonly SecurityGroupRuleId?: string | undefined; readonly Description?: string | undefined }[]
    | undefined
}

export async function describeRules(
  { tx, caller }: Context,
  direction: Direction,
  input: Named & Described,
): Promise<{ Return: boolean }> {
  const group = await namedGroup(tx, caller.account, input)
  const byId = input.SecurityGroupRuleDescriptions ?? []
  if (byId.length === 0) {
    await describeIn(tx, group, direction, await rulesIn(tx, group, direction, input))
    return { Return: true }
  }
  if (input.IpPermissions?.length) refuseBoth('securityGroupRuleDescriptions', 'ipPermissions')
  const texts = new Map(byId.map((it) => [it.SecurityGroupRuleId ?? '', it.Description]))
  const rules = await rulesById(tx, group, [...texts.keys()], direction)
  await changeRules(tx, new Map(rules.map((it) => [it, withDescription(it, checkDescription(texts.get(it.id) ?? ''))])))
  return { Return: true }
}

function refuseBoth(one: string, other: string): never {
  const message = `The parameter '${one}' may not be used in combination with '${other}'`
  return refuse('InvalidParameterCombination', { message })
}
