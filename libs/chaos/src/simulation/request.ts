/** Requests of a worker to a coordinator, which get one answer each: what was asked for, or that it did not work. */
import type { CoordinatorProcess } from './coordinator-process.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { World } from './world.ts';

/** After which a transfer that broke is known to have broken, ms. */
export const BROKEN_MS = 12;
/** Of every request, ms: a coordinator that was stopped does not answer. */
const DEADLINE_MS = 90;

/** What is asked. */
export interface Request<T> {
  readonly from: WorkerProcess;
  readonly to: CoordinatorProcess;
  /** In the coordinator; it may be called twice where the request is repeatable. */
  readonly serve: (reply: (answer: T) => void) => void;
  readonly isRepeatable?: boolean;
}

/** Asks; `done` is called once, with undefined when the transfer broke or ran into its deadline. */
export function ask<T>(world: World, { from, to, serve, isRepeatable = false }: Request<T>, done: (answer: T | undefined) => void): void {
  let isDone = false;
  const finish = (answer: T | undefined): void => {
    if (isDone) return;
    isDone = true;
    done(answer);
  };
  const reply = (answer: T): void => world.send({ from: to, to: from, deliver: () => finish(answer) });
  const lost = (): void => world.later(from, BROKEN_MS, () => finish(undefined));
  world.send({ from, to, deliver: () => serve(reply), lost, isRepeatable });
  world.later(from, DEADLINE_MS, () => finish(undefined));
}

/** A vector from a coordinator; `gone` when it is not kept any more, `lost` when the transfer broke. */
export function fetchVector(
  world: World,
  { digest, from, to }: { digest: string; from: WorkerProcess; to: CoordinatorProcess },
  done: (vector: Float32Array | 'gone' | 'lost') => void,
): void {
  const serve = (reply: (vector: Float32Array | 'gone') => void): void => reply(to.publication?.find(digest)?.slice() ?? 'gone');
  ask<Float32Array | 'gone'>(world, { from, to, serve }, (answer) => done(answer ?? 'lost'));
}
