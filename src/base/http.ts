import type { Server, ServerOptions } from 'node:https'

/**
 * Node's servers, without what an `import` of `node:http` brings along: an import asks for every export, and the one called
 * `WebSocket` loads a whole client. 16 MiB, measured with Node 26, in each process that serves something.
 */
export const { createServer } = process.getBuiltinModule('node:http')

/** The same with TLS, loaded (6 MiB) only where it is used. */
export function createTlsServer(options: ServerOptions): Server {
  return process.getBuiltinModule('node:https').createServer(options)
}
