/** What the network costs: to packets, and to guests. */
import { type GuestTraffic, measureGuestTraffic } from './guest-traffic.ts'
import { measureRuleChanges, type RuleChanges } from './rule-changes.ts'
import { measureRuleCost, type RuleCost } from './rule-cost.ts'

export interface NetworkResult {
  readonly rules: RuleCost
  readonly changes: RuleChanges
  readonly guests: GuestTraffic
}

export interface NetworkOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  readonly abort: AbortSignal
}

export async function measureNetwork(options: NetworkOptions): Promise<NetworkResult> {
  const rules = await measureRuleCost(options)
  const changes = await measureRuleChanges({ ...options, members: 1000, rounds: options.rounds * 10 })
  return { rules, changes, guests: await measureGuestTraffic(options) }
}
