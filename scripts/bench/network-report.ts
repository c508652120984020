/** What was measured of the network, as a part of the page. */
import type { NetworkResult } from './network.ts'
import { number, table } from './report-text.ts'
import type { RuleChanges } from './rule-changes.ts'
import type { Summary } from './statistics.ts'

export function networkLines({ rules, changes, guests }: NetworkResult): string[] {
  const { gigabits, datagrams } = rules
  return [
    '## The network',
    '',
    'Two guests of one host at the speed of the kernel: namespaces on virtual Ethernet where taps would be, behind the router,',
    'rules and anti-spoofing that a cloud gives them. The floor is the same pair on a bare bridge. In turn; the middle one, and',
    'between which all were.',
    '',
    ...table(
      ['what', 'bridge', 'one rule', '1,000 rules and members', 'one / bridge', '1,000 / one'],
      [
        row('one TCP connection, Gbit/s', gigabits.bridge, gigabits.one, gigabits.many),
        row('datagrams of 64 bytes, a second', datagrams.bridge, datagrams.one, datagrams.many),
      ],
    ),
    ...changeLines(changes),
    `Two real guests (m1.small, tiny image, ${guests.accelerator}), one TCP connection; the floor is two QEMUs on a bare bridge.`,
    '',
    ...table(
      ['what', 'bridge', 'one host', 'two hosts', 'one host / bridge', 'two hosts / bridge'],
      [
        [
          'Mbit/s',
          ...[guests.bridge, guests.sameHost, guests.otherHost].map(spread),
          ratio(guests.sameHost, guests.bridge),
          ratio(guests.otherHost, guests.bridge),
        ],
      ],
    ),
  ]
}

export function changeLines({ members, hosts, authorize, revoke, membership, answered }: RuleChanges): string[] {
  const line = (title: string, it: Summary) => [title, `${it.count}`, ...[it.median, it.p99, it.most].map(number)]
  return [
    `A rule of a group of ${number(members)} members on ${hosts} hosts, from before its signed request until packets obey: a datagram`,
    'is sent each millisecond from one guest to another. Control plane, agents, nftables are what a cloud has; guests but for the',
    'two are addresses and taps. Milliseconds.',
    '',
    ...table(
      ['what', 'times', 'p50', 'p99', 'most'],
      [
        line('the request is answered', answered),
        line('authorised: the first datagram arrives', authorize),
        line('revoked: the last datagram arrives', revoke),
        line('launched: a member on every other host', membership),
      ],
    ),
  ]
}

function row(title: string, bridge: Summary, one: Summary, many: Summary): string[] {
  return [title, spread(bridge), spread(one), spread(many), ratio(one, bridge), ratio(many, one)]
}

function spread({ median, least, most }: Summary): string {
  return `${number(median)} (${number(least)} to ${number(most)})`
}

function ratio(one: Summary, other: Summary): string {
  return (one.median / other.median).toFixed(2)
}
