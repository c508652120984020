/** The regions of this cloud as its actions see them: where they are, and what is in their stores. */
import type { Regions } from '../../control/regions/regions.ts'
import { refuseRegion } from '../../control/regions/regions.ts'
import { refuse } from '../../model/errors.ts'
import { openForeignStore } from '../../store/open.ts'
import { endpointNow, homeOf, otherRegion, type Place, regionsOf } from '../joining.ts'

export function openRegions(place: Place, ownEndpoint: string): Regions {
  const endpointIn = (it: Place) => (it.settings.region === place.settings.region ? ownEndpoint : endpointNow(it))
  return {
    async list() {
      const places = await regionsOf(await homeOf(place))
      return Promise.all(places.map(async (it) => ({ name: it.settings.region, endpoint: await endpointIn(it) })))
    },
    async look(name, work) {
      const region = await otherRegion(place, name)
      if (!region) return refuseRegion(name)
      await using store = openForeignStore(region.paths.store)
      if (!(await store.isOfThisVersion()))
        refuse('UnsupportedOperation', { message: `The region ${name} is of another version: start it anew.` })
      return await store.read(work)
    },
  }
}
