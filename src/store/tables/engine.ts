/** The tables of `strand/`, and the sequences. Moments are milliseconds since 1970. */
export interface EngineTables {
  strands: StrandTable
  signals: { subject: string; name: string }
  deadlines: { subject: string; name: string; at: number }
  sequences: { name: string; value: number }
}

export interface StrandTable {
  /** The resource that the strand looks after: one strand a subject. */
  subject: string
  machine: string
  step: string
  /** Kind of `step`, so that what may run can be chosen without asking the code. */
  kind: 'decide' | 'act'
  /** JSON. */
  payload: string
  /** When the step is to run; 0 is at once. Null: not before a signal. */
  wakeAt: number | null
  /** Who runs the step now. Only acts are leased. */
  owner: string | null
  leaseUntil: number | null
  /** Grows with every lease: tells the holder whether it still holds it. */
  lease: number
  /** Failed attempts at this step since it was last reached or succeeded. */
  attempts: number
  lastError: string | null
  /** When the first of these attempts failed. */
  failingSince: number | null
  /** What the act failed of that gave up and sent the strand here. */
  trouble: string | null
  /** 1: it is to be torn down, whatever it does now. 2: it is being torn down. */
  ending: 0 | 1 | 2
}
