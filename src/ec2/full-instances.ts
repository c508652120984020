import { namedByResource } from '../control/dns/resource-names.ts'
import { bootsOf } from '../control/images/boot.ts'
import { interfacesOf } from '../control/instances/find.ts'
import { tagsOf } from '../control/tags/tags.ts'
import { attachmentsOfInstances } from '../control/volumes/find.ts'
import type { Reader } from '../store/store.ts'
import type { InstanceRow } from '../store/tables/resources.ts'
import type { FullInstance } from './render/instance.ts'

/** The instances with all that answers say of them: a fixed number of queries, however many there are. */
export async function fullInstances(reader: Reader, rows: readonly InstanceRow[]): Promise<FullInstance[]> {
  const ids = rows.map((row) => row.id)
  const imageIds = [...new Set(rows.map((row) => row.imageId))]
  const images =
    imageIds.length === 0 ? [] : await reader.db.selectFrom('images').selectAll().where('id', 'in', imageIds).execute()
  const byId = new Map(images.map((image) => [image.id, image]))
  const [interfaces, tags] = [await interfacesOf(reader, ids), await tagsOf(reader, ids)]
  const named = ids.length === 0 ? new Set() : await namedByResource(reader, ids)
  const boots = await bootsOf(reader, rows)
  const attachments = await attachmentsOfInstances(reader, ids)
  return rows.map((row) => ({
    row,
    boot: boots.get(row.id),
    tags: tags.get(row.id) ?? {},
    interfaces: interfaces.get(row.id) ?? [],
    image: byId.get(row.imageId),
    namedByResource: named.has(row.id),
    attachments: attachments.get(row.id) ?? [],
  }))
}
