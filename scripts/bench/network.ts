/** What the network costs: to packets, and to guests. */
import { type GuestTraffic, measureGuestTraffic } from './guest-traffic.ts'
import { measureRuleCost, type RuleCost } from './rule-cost.ts'

export interface NetworkResult {
  readonly rules: RuleCost
  readonly guests: GuestTraffic
}

export interface NetworkOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  readonly abort: AbortSignal
}

export async function measureNetwork(options: NetworkOptions): Promise<NetworkResult> {
  return { rules: await measureRuleCost(options), guests: await measureGuestTraffic(options) }
}
