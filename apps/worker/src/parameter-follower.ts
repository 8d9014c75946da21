/**
 * Keeps the compute thread's parameters at the coordinator's: follows the stream, checks that every update continues the digest chain,
 * hands it to the thread and reports the position with the thread's own checksum. An update is read only when the one before is applied.
 */
import { nextChain } from '@geodesic/cluster';
import type { Position } from '@geodesic/cluster';
import { WireError } from '@geodesic/wire';
import type { ExchangeClient, ParameterFrame } from '@geodesic/wire';
import type { ComputeClient } from './compute-client.ts';

/** Options of {@link followParameters}. */
export interface FollowOptions {
  readonly exchange: ExchangeClient;
  readonly thread: ComputeClient;
  readonly run: string;
  readonly incarnation: string;
  readonly signal: AbortSignal;
  /** The thread now holds this. */
  readonly onPosition: (position: Position) => void;
}

/** Follows until the signal aborts or the stream ends. @throws {WireError} when the stream breaks or contradicts itself */
export async function followParameters(options: FollowOptions): Promise<void> {
  const { exchange, thread, run, incarnation, signal, onPosition } = options;
  let held: Position | undefined;
  for await (const frame of exchange.follow({ run, incarnation, signal })) {
    const { version, chain } = frame;
    if (frame.type === 'update') checkContinues(held, frame);
    const checksum = frame.type === 'snapshot' ? await thread.load(frame) : await thread.apply(frame);
    held = { version, chain, checksum };
    if (!signal.aborted) onPosition(held);
  }
}

function checkContinues(held: Position | undefined, update: Extract<ParameterFrame, { type: 'update' }>): void {
  const { version, previousChain, chain, crcs } = update;
  const isNext = held !== undefined && version === held.version + 1 && previousChain === held.chain;
  if (isNext && nextChain(previousChain, version, crcs) === chain) return;
  const expected = held === undefined ? 'a snapshot first' : `an update that continues version ${held.version}, chain ${held.chain}`;
  throw new WireError('CORRUPT', `parameter stream: expected ${expected}, got version ${version}, chain ${chain} after ${previousChain}`);
}
