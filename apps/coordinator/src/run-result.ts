/** The result of a run: what result.json holds, the event run.finished carries and the CLI prints. */
import type { ErrorReport } from './errors.ts';

/** How a run ended. */
export type RunState = 'completed' | 'stopped' | 'failed';

/** The data of a run that is over. */
export interface RunResult {
  readonly runId: string;
  readonly state: RunState;
  /** The last committed step. */
  readonly steps: number;
  /** Real examples in all committed steps. */
  readonly examples: number;
  /** From the first worker's joining to the end. */
  readonly seconds: number;
  /** Where equal bits are not promised. */
  readonly exactness?: 'relaxed';
  /** Slots that a relaxed run left out of its rounds, in all. */
  readonly droppedSlots?: number;
  readonly seed: number;
  readonly engine: string;
  /** Number of parameters. */
  readonly parameters: number;
  /** Bytes of encoded chunks between workers and coordinator. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** `sha256:` over the per-tensor sha256s in layout order. */
  readonly paramsDigest: string;
  /** Last values by name; evaluations as testLoss, testAccuracy, validationLoss, ... */
  readonly measurements: Readonly<Record<string, number>>;
  readonly directory: string;
}

/** What run.finished carries. */
export interface FinishedData {
  readonly state: RunState;
  readonly result: RunResult;
  readonly error?: ErrorReport;
}
