/** The one place that tells which addresses an interface has, and which public address leads to each. */
import { type Cloud, publicName } from '../../model/cloud.ts'
import type { InterfaceId, VpcId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader } from '../../store/store.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'

const leadingColumns = ['id', 'accountId', 'publicAddress', 'elastic', 'associationId'] as const

/** A public address that leads to an interface. */
export interface LeadingAddress extends Pick<AddressRow, (typeof leadingColumns)[number]> {
  /** Its VPC gives public names. Source: VPC User Guide, "DNS attributes for your VPC": both attributes are needed. */
  readonly named: boolean
}

/** A private address of an interface, with the public one that leads to it. */
export interface InterfaceAddress {
  readonly address: string
  readonly primary: boolean
  readonly public: LeadingAddress | undefined
}

export type AddressesOf = (interfaceId: InterfaceId) => readonly [InterfaceAddress, ...InterfaceAddress[]]

type Nic = Pick<InterfaceRow, 'id' | 'vpcId' | 'privateAddress'>

/** The addresses of each of these interfaces, the primary one first, the others in the order of their text. Three queries. */
export async function addressesOf(reader: Reader, interfaces: readonly Nic[]): Promise<AddressesOf> {
  const ids = interfaces.map((it) => it.id)
  const secondary = Map.groupBy(ids.length === 0 ? [] : await secondaryRows(reader, ids), (it) => it.interfaceId)
  const leading = await leadingAddresses(reader, interfaces)
  const at = (id: InterfaceId, address: string, primary: boolean): InterfaceAddress => ({
    address,
    primary,
    public: leading.get(`${id} ${address}`),
  })
  const found = new Map(
    interfaces.map(({ id, privateAddress }) => {
      const others = (secondary.get(id) ?? []).map((it) => at(id, it.address, false))
      return [id, [at(id, privateAddress, true), ...others] as const]
    }),
  )
  return inMap(found)
}

/** Holds on to nothing else that there was when they were found: specs of all guests hold on to it. */
function inMap(found: ReadonlyMap<InterfaceId, ReturnType<AddressesOf>>): AddressesOf {
  return (id) => found.get(id)! // Whoever asks has asked for it before.
}

const secondaryRows = prepared((db, ids: readonly InterfaceId[]) =>
  db.selectFrom('secondaryAddresses').selectAll().where('interfaceId', 'in', ids).orderBy('address'),
)

/** By interface and private address. Its VPC is looked for once, and not again for each. */
async function leadingAddresses(reader: Reader, nics: readonly Nic[]): Promise<Map<string, LeadingAddress>> {
  if (nics.length === 0) return new Map()
  const vpcOf = new Map(nics.map((it) => [it.id, it.vpcId]))
  const naming = new Set((await namingVpcs(reader, [...new Set(vpcOf.values())])).map((it) => it.id))
  const rows = await leadingRows(reader, [...vpcOf.keys()])
  return new Map(
    rows.map(({ interfaceId, privateAddress, ...row }) => [
      `${interfaceId} ${privateAddress}`,
      { ...row, named: naming.has(vpcOf.get(interfaceId!)!) }, // selected by it, of those
    ]),
  )
}

const leadingRows = prepared((db, ids: readonly InterfaceId[]) =>
  db
    .selectFrom('addresses')
    .select([...leadingColumns, 'interfaceId', 'privateAddress'])
    .where('interfaceId', 'in', ids),
)
const namingVpcs = prepared((db, ids: readonly VpcId[]) =>
  db.selectFrom('vpcs').select('id').where('id', 'in', ids).where('dnsSupport', '=', 1).where('dnsHostnames', '=', 1),
)

/** The public name of an address; nothing where its VPC gives none. */
export function publicNameOf(cloud: Cloud, { publicAddress, named }: LeadingAddress): string {
  return named ? publicName(cloud, publicAddress) : ''
}
