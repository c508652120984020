/**
 * The life of an instance, and what each state allows.
 *
 *     pending --> running --> shutting-down --> terminated
 *        ^\__________|_______________^  ^
 *        |           v                  |
 *        |        stopping --> stopped -|
 *        \________________________/
 *
 * Source: EC2 User Guide, "Amazon EC2 instance state changes"; API Reference, "InstanceState" for the codes.
 */
export const instanceStates = {
  pending: { code: 0, live: true },
  running: { code: 16, live: true },
  'shutting-down': { code: 32, live: false },
  terminated: { code: 48, live: false },
  stopping: { code: 64, live: true },
  stopped: { code: 80, live: true },
} as const satisfies Record<string, { code: number; live: boolean }>

export type InstanceState = keyof typeof instanceStates

export function stateOf(name: InstanceState): { Code: number; Name: InstanceState } {
  return { Code: instanceStates[name].code, Name: name }
}

/** Why an instance is in its state, as `StateReason`. Source: API Reference, "StateReason". */
export const stateReasons = {
  pending: { Code: 'pending', Message: 'pending' },
  userShutdown: {
    Code: 'Client.UserInitiatedShutdown',
    Message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  },
  guestShutdown: {
    Code: 'Client.InstanceInitiatedShutdown',
    Message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown',
  },
  internalError: { Code: 'Server.InternalError', Message: 'Server.InternalError: Internal error on launch' },
  volumeError: {
    Code: 'Client.VolumeLimitExceeded',
    Message: 'Client.VolumeLimitExceeded: A volume of the instance could not be made',
  },
  lost: { Code: 'Server.InternalError', Message: 'Server.InternalError: The virtual machine ended unexpectedly' },
} as const satisfies Record<string, { Code: string; Message: string }>

export type StateReasonName = keyof typeof stateReasons
