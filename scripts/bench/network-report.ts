/** What was measured of the network, as a part of the page. */
import type { NetworkResult } from './network.ts'
import { number, table } from './report-text.ts'
import type { Summary } from './statistics.ts'

export function networkLines({ rules, guests }: NetworkResult): string[] {
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

function row(title: string, bridge: Summary, one: Summary, many: Summary): string[] {
  return [title, spread(bridge), spread(one), spread(many), ratio(one, bridge), ratio(many, one)]
}

function spread({ median, least, most }: Summary): string {
  return `${number(median)} (${number(least)} to ${number(most)})`
}

function ratio(one: Summary, other: Summary): string {
  return (one.median / other.median).toFixed(2)
}
