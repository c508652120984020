import type { Handler, RequestHead } from './exchange.ts'

/** Something served beside the API: the status that the CLI asks for, the console's files. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** The whole path; with `/*` at its end everything below it. */
  readonly path: string
  /** Whether other machines may ask. Without it, only requests from and for a loopback address are served. */
  readonly open?: boolean
  readonly handle: Handler
}

/** Serves `routes`; whatever fits none of them (a loopback route asked from outside too) goes to `otherwise`. */
export function withRoutes(routes: readonly Route[], otherwise: Handler): Handler {
  return (head, body, abort) => {
    const route = routes.find((it) => fits(it, head))
    return (route?.handle ?? otherwise)(head, body, abort)
  }
}

function fits(route: Route, head: RequestHead): boolean {
  const method = head.method === 'HEAD' ? 'GET' : head.method
  if (method !== route.method || !(route.open || isLocal(head))) return false
  return route.path.endsWith('/*') ? head.path.startsWith(route.path.slice(0, -1)) : head.path === route.path
}

/**
 * From this machine, and meant for it: a Host of another name is a web page in a browser here that had its own name
 * resolve to a loopback address (DNS rebinding).
 */
function isLocal(head: RequestHead): boolean {
  const host = head.headers.find(([name]) => name === 'host')?.[1] ?? ''
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return isLoopback(head.remoteAddress) && (name === 'localhost' || name === '[::1]' || isLoopback(name))
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address)
}
