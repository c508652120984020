/**
 * The part of QEMU's machine protocol that is spoken here.
 * Source: QEMU QMP Reference Manual 7.2.
 */
export interface QmpCommands {
  readonly qmp_capabilities: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly 'query-status': { readonly takes: Record<never, never>; readonly returns: { readonly status: RunState } }
  readonly stop: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly cont: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly system_powerdown: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly system_reset: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly 'migrate-set-capabilities': {
    readonly takes: { readonly capabilities: readonly { readonly capability: string; readonly state: boolean }[] }
    readonly returns: unknown
  }
  readonly migrate: { readonly takes: { readonly uri: string }; readonly returns: unknown }
  readonly 'migrate-incoming': { readonly takes: { readonly uri: string }; readonly returns: unknown }
  readonly quit: { readonly takes: Record<never, never>; readonly returns: unknown }
  /** Takes what it returns out of the buffer. */
  readonly 'ringbuf-read': {
    readonly takes: { readonly device: string; readonly size: number; readonly format: 'base64' }
    readonly returns: string
  }
  readonly 'object-add': { readonly takes: object; readonly returns: unknown }
  readonly 'block-export-add': { readonly takes: object; readonly returns: unknown }
  readonly 'block-commit': { readonly takes: object; readonly returns: unknown }
  readonly 'block-stream': { readonly takes: object; readonly returns: unknown }
  readonly 'query-block-jobs': {
    readonly takes: Record<never, never>
    readonly returns: readonly { readonly device: string }[]
  }
  readonly 'block-job-cancel': { readonly takes: { readonly device: string }; readonly returns: unknown }
  readonly 'blockdev-add': { readonly takes: object; readonly returns: unknown }
  readonly yank: {
    readonly takes: { readonly instances: readonly { readonly type: 'block-node'; readonly 'node-name': string }[] }
    readonly returns: unknown
  }
  readonly 'blockdev-del': { readonly takes: { readonly 'node-name': string }; readonly returns: unknown }
  readonly 'blockdev-snapshot': {
    readonly takes: { readonly node: string; readonly overlay: string }
    readonly returns: unknown
  }
  readonly block_resize: {
    readonly takes: { readonly 'node-name': string; readonly size: number }
    readonly returns: unknown
  }
  readonly 'human-monitor-command': { readonly takes: { readonly 'command-line': string }; readonly returns: string }
  readonly 'query-named-block-nodes': {
    readonly takes: { readonly flat: boolean }
    readonly returns: readonly { readonly 'node-name': string; readonly image: { readonly 'virtual-size': number } }[]
  }
  readonly 'qom-set': {
    readonly takes: { readonly path: string; readonly property: string; readonly value: unknown }
    readonly returns: unknown
  }
  readonly 'qom-list': {
    readonly takes: { readonly path: string }
    readonly returns: readonly { readonly name: string; readonly type: string }[]
  }
  readonly device_add: { readonly takes: object; readonly returns: unknown }
  readonly device_del: { readonly takes: { readonly id: string }; readonly returns: unknown }
  readonly netdev_add: { readonly takes: object; readonly returns: unknown }
  readonly netdev_del: { readonly takes: { readonly id: string }; readonly returns: unknown }
}

export type QmpCommand = keyof QmpCommands

/** `shutdown`: the guest has powered itself off, and QEMU waits (`-no-shutdown`). Others that QEMU has mean that it runs, or may again. */
export type RunState = 'running' | 'shutdown' | 'prelaunch' | 'paused' | 'internal-error' | (string & {})

export interface QmpEvent {
  /** `SHUTDOWN`, `RESET`, `STOP`… */
  readonly event: string
  readonly data?: unknown
}
