/**
 * A contender takes steps of training: `losses(steps)` and `window(seconds)`, both from the first parameters, so that all contenders
 * can be compared before they are timed and none profits from where another left off.
 */
import { performance } from 'node:perf_hooks';

/** A contender here; `start` begins anew from the first parameters and returns the function that takes step 0, 1, ... and returns its loss. */
export function contender(start) {
  return {
    async losses(steps) {
      const take = start();
      const losses = [];
      for (let step = 0; step < steps; step++) losses.push(await take(step));
      return losses;
    },
    async window(seconds) {
      const take = start();
      const started = performance.now();
      let steps = 0;
      while (performance.now() - started < seconds * 1000) await take(steps++);
      return { steps, seconds: (performance.now() - started) / 1000 };
    },
  };
}

/** A contender in a peer process, which has opened its case. */
export function peerContender(peer) {
  return {
    losses: async (steps) => (await peer.ask({ command: 'train', steps })).losses,
    window: (seconds) => peer.ask({ command: 'window', seconds }),
  };
}
