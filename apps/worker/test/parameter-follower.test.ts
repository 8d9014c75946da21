import { chunkCrcs, nextChain, nextCombinationChain } from '@geodesic/cluster';
import type { Position } from '@geodesic/cluster';
import { WireError } from '@geodesic/wire';
import type { ParameterFrame } from '@geodesic/wire';
import { describe, expect, it } from 'vitest';
import { HeldParameters } from '../src/held-parameters.ts';
import { followParameters } from '../src/parameter-follower.ts';

const start = '0'.repeat(64);
const empty = new Float32Array(0);
const snapshot: ParameterFrame = {
  type: 'snapshot',
  version: 0,
  chain: start,
  parameters: Float32Array.of(1),
  state: empty,
  previous: empty,
};

function updateTo(version: number, previousChain: string): Extract<ParameterFrame, { type: 'update' }> {
  const delta = Float32Array.of(version);
  const crcs = chunkCrcs(new Uint8Array(delta.buffer));
  return { type: 'update', version, previousChain, chain: nextChain(previousChain, version, crcs), delta, state: empty, crcs };
}

function combinationTo(version: number, previousChain: string, alpha = 0.5): Extract<ParameterFrame, { type: 'update' }> {
  const combination = { digest: 'sha256:00', length: 1, alpha, mu: 0.25 };
  const chain = nextCombinationChain(previousChain, version, { combination, state: empty });
  return { type: 'update', version, previousChain, chain, combination, state: empty, crcs: new Uint32Array(0) };
}

/** Follows these frames; `provide` is what fetching does. */
async function follow(frames: readonly ParameterFrame[], provide = async (): Promise<void> => undefined): Promise<string[]> {
  const history: string[] = [];
  const aborting = new AbortController();
  await followParameters({
    exchange: {
      follow: async function* () {
        yield* frames;
      },
    },
    held: new HeldParameters({
      load: async ({ version }) => `loaded ${version}`,
      apply: async (version, update) => `${'combination' in update ? 'combined' : 'added'} ${version}`,
    }),
    vectors: {
      provide: async (holder, wanted) => {
        history.push(`${holder} needs ${[...wanted].join()}`);
        await provide();
        if (history.length > 2) aborting.abort();
      },
    },
    run: 'r',
    incarnation: 'i',
    signal: aborting.signal,
    onPosition: ({ checksum }: Position) => history.push(checksum),
  }).catch((error: unknown) => history.push(error instanceof WireError ? error.code : String(error)));
  return history;
}

describe('followParameters', () => {
  it('has the direction of a combination held before it is applied', async () => {
    const combination = combinationTo(1, start);
    expect(await follow([snapshot, combination, updateTo(2, combination.chain)])).toEqual([
      'loaded 0',
      'update needs sha256:00,1',
      'combined 1',
      'added 2',
    ]);
  });

  it('refuses a combination whose scalars are not those of the chain', async () => {
    const { chain } = combinationTo(1, start);
    expect(await follow([snapshot, { ...combinationTo(1, start, 0.75), chain }])).toEqual(['loaded 0', 'CORRUPT']);
  });

  it('ends where a direction is gone, for a stream that starts afresh', async () => {
    const gone = async (): Promise<void> => {
      throw new WireError('NOT_FOUND', 'fetch: gone');
    };
    expect(await follow([snapshot, combinationTo(1, start)], gone)).toEqual(['loaded 0', 'update needs sha256:00,1', 'NOT_FOUND']);
  });

  it('applies nothing when another stream has begun while it waited', async () => {
    const first = updateTo(1, start);
    const frames = [snapshot, first, combinationTo(2, first.chain), updateTo(3, combinationTo(2, first.chain).chain)];
    expect(await follow(frames)).toEqual(['loaded 0', 'added 1', 'update needs sha256:00,1']);
  });
});
