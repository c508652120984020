/** Has machines parked in advance, for who runs the cloud: asked over loopback, without a signature. */
import type { Clock } from '../../base/clock.ts'
import type { HostLinks } from '../../control/hosts/links.ts'
import { hostsForGuests, usualDomain, warm } from '../../control/hosts/warm.ts'
import type { Pieces } from '../../http/exchange.ts'
import type { Route } from '../../http/routes.ts'
import type { Cloud } from '../../model/cloud.ts'
import { ApiError } from '../../model/errors.ts'
import { usualInstanceType } from '../../model/instance-types.ts'
import type { Store } from '../../store/store.ts'

export const warmPath = '/cumulet/parked/'

interface Parts {
  readonly store: Store
  readonly cloud: Cloud
  readonly hosts: Pick<HostLinks, 'agents' | 'warm'>
  readonly clock: Clock
}

/** Less than clients and our own listener wait on a connection where nothing moves. */
const aliveEveryMs = 30_000

/**
 * `POST /cumulet/parked/ami-…?type=m1.small`: has every agent park what launches of these wake from. Answers, once all have said what
 * came of it, with an array of `Warmed`; with 202 while the image's files are fetched; with 400 and a sentence where there is no such
 * image or type, or none of its launches wakes.
 */
export function warmRoute({ store, cloud, hosts, clock }: Parts): Route {
  return {
    method: 'POST',
    path: `${warmPath}*`,
    async handle({ path, query }, _body, abort) {
      const image = path.slice(warmPath.length)
      const type = new URLSearchParams(query).get('type') ?? usualInstanceType
      try {
        const like = await store.transact((tx) => usualDomain(tx, { cloud, now: clock.now() }, { image, type }))
        if (!like) return { status: 202, body: '' }
        const warmed = warm(hosts, await store.read(hostsForGuests), like, abort)
        return { status: 200, headers: { 'content-type': 'application/json' }, body: asItComes(warmed, clock) }
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        return { status: error.status, body: `${error.message}\n` }
      }
    },
  }
}

/** JSON, with white space before it for as long as it is not there: so nobody takes the connection for dead. */
async function* asItComes(value: Promise<unknown>, clock: Clock): Pieces {
  const text = value.then((it) => JSON.stringify(it))
  for (;;) {
    const pause = new AbortController()
    const nothing = clock.sleep(aliveEveryMs, pause.signal).catch(() => {}) // The value was there first.
    const came = await Promise.race([text, nothing])
    pause.abort()
    yield Buffer.from(came ?? '\n')
    if (came !== undefined) return
  }
}
