/**
 * The part of QEMU's machine protocol that is spoken here.
 * Source: QEMU QMP Reference Manual 7.2.
 */
export interface QmpCommands {
  readonly qmp_capabilities: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly 'query-status': { readonly takes: Record<never, never>; readonly returns: { readonly status: RunState } }
  readonly cont: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly system_powerdown: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly system_reset: { readonly takes: Record<never, never>; readonly returns: unknown }
  readonly quit: { readonly takes: Record<never, never>; readonly returns: unknown }
  /** Takes what it returns out of the buffer. */
  readonly 'ringbuf-read': {
    readonly takes: { readonly device: string; readonly size: number; readonly format: 'base64' }
    readonly returns: string
  }
}

export type QmpCommand = keyof QmpCommands

/** `shutdown`: the guest has powered itself off, and QEMU waits (`-no-shutdown`). Others that QEMU has mean that it runs, or may again. */
export type RunState = 'running' | 'shutdown' | 'prelaunch' | 'paused' | 'internal-error' | (string & {})

export interface QmpEvent {
  /** `SHUTDOWN`, `RESET`, `STOP`… */
  readonly event: string
  readonly data?: unknown
}
