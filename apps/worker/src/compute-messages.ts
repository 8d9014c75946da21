/** What the main thread asks of the compute thread and what comes back. Requests are served one at a time, in order. */
import type { Block, ComputeRequest, Contribution, Snapshot, StreamedUpdate } from '@geodesic/cluster';

/** The data that the thread starts with. */
export interface ComputeThreadData {
  readonly bundle: Uint8Array;
  /** URL of the module that exports createSlotComputer. */
  readonly program: string;
}

/**
 * A request. `version` names the parameters: those that are loaded, or those that the computation is for. `hold` and `release` are not
 * answered; they take effect before the requests after them.
 */
export type ComputeMessage =
  | { readonly type: 'load'; readonly version: number; readonly snapshot: Snapshot }
  | { readonly type: 'apply'; readonly version: number; readonly update: StreamedUpdate }
  | { readonly type: 'hold'; readonly digest: string; readonly vector: Float32Array }
  | { readonly type: 'release'; readonly digest: string }
  | { readonly type: 'compute'; readonly version: number; readonly request: ComputeRequest }
  /** Ends the thread as soon as no native call is under way: nothing more is answered. Overtakes what waits. */
  | { readonly type: 'end' };

/** What the thread says, in the order of the requests; `ready` comes first. `progress` answers nothing: slots of the block under way are done. */
export type ComputeReply =
  | { readonly type: 'progress'; readonly slots: number }
  | { readonly type: 'ready'; readonly fingerprint: Readonly<Record<string, string | number>> }
  | { readonly type: 'holds'; readonly checksum: string }
  | { readonly type: 'computed'; readonly contribution: Contribution }
  /** The parameters had moved on when the computation's turn came. */
  | { readonly type: 'skipped'; readonly block: Block }
  | { readonly type: 'failed'; readonly message: string; readonly fault: ComputeFault };

/** Whose the fault is: the program's, on any host alike; this host's executor's, such as a lack of memory; or a defect of ours. */
export type ComputeFault = 'program' | 'executor' | 'defect';
