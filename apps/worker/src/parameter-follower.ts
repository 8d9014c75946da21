/**
 * Keeps the compute thread's parameters at the coordinator's: follows the stream, checks that every update continues the digest chain,
 * hands it to the thread and reports the position with the thread's own checksum. An update is read only when the one before is applied;
 * one that names a direction waits for it, and where that is gone the stream is over: the next one starts with a snapshot.
 */
import { nextChain, nextCombinationChain } from '@geodesic/cluster';
import type { Position } from '@geodesic/cluster';
import { WireError } from '@geodesic/wire';
import type { ExchangeClient, ParameterFrame } from '@geodesic/wire';
import type { HeldParameters } from './held-parameters.ts';
import type { VectorStock } from './vector-stock.ts';

/** Options of {@link followParameters}. */
export interface FollowOptions {
  readonly exchange: Pick<ExchangeClient, 'follow'>;
  readonly held: HeldParameters;
  readonly vectors: Pick<VectorStock, 'provide'>;
  readonly run: string;
  readonly incarnation: string;
  readonly signal: AbortSignal;
  /** What the thread holds, where that is good enough to go on from; absent: begin with a snapshot. */
  readonly from?: Position;
  /** The thread now holds this. */
  readonly onPosition: (position: Position) => void;
}

/** Follows until the signal aborts or the stream ends. @throws {WireError} when the stream breaks or contradicts itself */
export async function followParameters(options: FollowOptions): Promise<void> {
  const { exchange, held, vectors, run, incarnation, signal, onPosition } = options;
  let position = options.from;
  const from = position && { from: { version: position.version, chain: position.chain } };
  for await (const frame of exchange.follow({ run, incarnation, signal, ...from })) {
    if (frame.type === 'update') {
      checkContinues(position, frame);
      if ('combination' in frame) await vectors.provide('update', new Map([[frame.combination.digest, frame.combination.length]]));
      if (signal.aborted) return; // another stream's snapshot may have come meanwhile
    }
    position = await held.take(frame);
    if (!signal.aborted) onPosition(position);
  }
}

function checkContinues(held: Position | undefined, update: Extract<ParameterFrame, { type: 'update' }>): void {
  const { version, previousChain, chain } = update;
  const isNext = held !== undefined && version === held.version + 1 && previousChain === held.chain;
  if (isNext && chainOf(update) === chain) return;
  const expected = held === undefined ? 'a snapshot first' : `an update that continues version ${held.version}, chain ${held.chain}`;
  throw new WireError('CORRUPT', `parameter stream: expected ${expected}, got version ${version}, chain ${chain} after ${previousChain}`);
}

function chainOf(update: Extract<ParameterFrame, { type: 'update' }>): string {
  const { previousChain, version, crcs } = update;
  return 'combination' in update ? nextCombinationChain(previousChain, version, update) : nextChain(previousChain, version, crcs);
}
