import { fileURLToPath } from 'node:url';
import { inputDigest, nextCombinationChain, parametersChecksum } from '@geodesic/cluster';
import type { RoundInputs, RoundPlan } from '@geodesic/cluster';
import { createLogger } from '@geodesic/telemetry';
import { WireError } from '@geodesic/wire';
import type { ContributeAck, ParameterFrame, WireContribution, WorkerMessage } from '@geodesic/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunParticipation } from '../src/run-participation.ts';

const chain = '0'.repeat(64);
const parameters = Float32Array.of(1, 2, 3);
const snapshotOf = (version: number, link: string): ParameterFrame => {
  return {
    type: 'snapshot',
    version,
    chain: link,
    parameters: parameters.slice(),
    state: Float32Array.of(7),
    previous: new Float32Array(0),
  };
};

/** A coordinator for one worker whose program is the counting fixture. */
class Stage {
  readonly objects = new Map<string, Float32Array>();
  readonly sent: WorkerMessage[] = [];
  readonly contributions: WireContribution[] = [];
  readonly fatal: Error[] = [];
  readonly logged: string[] = [];
  /** What each stream of parameters says, in turn; the last one stays open. */
  readonly streams: ParameterFrame[][] = [[snapshotOf(0, chain)]];
  followed = 0;
  participation!: RunParticipation;

  async start(): Promise<void> {
    this.participation = await RunParticipation.prepare({
      run: 'r',
      bundleDigest: 'bundle',
      worker: 'w1',
      incarnation: 'i',
      exchange: {
        fetch: async (digest) => {
          if (digest === 'bundle') return new TextEncoder().encode('good');
          const found = this.objects.get(digest);
          if (!found) throw new WireError('NOT_FOUND', `fetch: got ${digest}`);
          return new Uint8Array(found.slice().buffer);
        },
        follow: ({ signal }) => this.#follow(signal!),
        contribute: async (contribution): Promise<ContributeAck> => {
          this.contributions.push(contribution);
          return { result: 'accepted', detail: '' };
        },
        traffic: { bytesUp: 0, bytesDown: 0 },
        close: () => undefined,
      },
      logger: createLogger({ component: 'worker', level: 'debug', write: (line) => this.logged.push(line) }),
      onFatal: (error) => this.fatal.push(error),
    });
    this.participation.admitted(0, (message) => this.sent.push(message));
  }

  async *#follow(signal: AbortSignal): AsyncGenerator<ParameterFrame, void, undefined> {
    const stream = this.streams[this.followed++];
    yield* stream;
    if (this.followed === this.streams.length) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }

  /** Assigns a round of one slot. */
  assign(generation: number, round: { phase: string; attempt?: number; inputs?: RoundInputs; version?: number; link?: string }): RoundPlan {
    const { phase, attempt = 0, inputs, version = 0, link = chain } = round;
    const input = { chain: link, checksum: parametersChecksum(parameters), step: 1, attempt, phase, ...(inputs && { inputs }) };
    const identity = { run: 'r', step: 1, attempt, phase, inputDigest: inputDigest(input) };
    const plan = { ...identity, version, slots: 1, sumsLength: 3, scalarsLength: 2, ...(inputs && { inputs }) };
    this.participation.assign({ type: 'assign', generation, round: plan, blocks: [{ level: 0, index: 0 }] });
    return plan;
  }

  async until(condition: () => boolean): Promise<void> {
    await vi.waitUntil(condition, { interval: 5, timeout: 5000 });
  }
}

let stage: Stage;

beforeEach(async () => {
  process.env['GEODESIC_SLOT_PROGRAM_MODULE'] = fileURLToPath(new URL('./fixtures/counting-program.mjs', import.meta.url));
  stage = new Stage();
});

afterEach(async () => {
  delete process.env['GEODESIC_SLOT_PROGRAM_MODULE'];
  await stage.participation.close();
});

const inputs: RoundInputs = { vectors: [{ name: 'direction', digest: 'sha256:00', length: 2 }] };

describe('RunParticipation: rounds with inputs', () => {
  it('has the vectors of a round held before it computes', async () => {
    await stage.start();
    stage.objects.set('sha256:00', Float32Array.of(1, 2));
    stage.assign(1, { phase: 'quad', inputs });
    await stage.until(() => stage.contributions.length === 1);
    expect(stage.contributions[0].scalars[1]).toBe(1); // vectors held by the program
  });

  it('computes nothing of a round whose vectors are gone, and goes on with the next', async () => {
    await stage.start();
    stage.assign(1, { phase: 'quad', inputs });
    await stage.until(() => stage.logged.some((line) => line.includes('inputs of a round not fetched')));
    expect(stage.participation.heartbeat()).toMatchObject({ generation: 1, open: 0, computing: false });
    stage.assign(2, { phase: 'grad' });
    await stage.until(() => stage.contributions.length === 1);
    expect([stage.contributions[0].round.phase, stage.fatal]).toEqual(['grad', []]);
  });

  it('takes a fresh snapshot when the direction of an update is gone', async () => {
    const combination = { digest: 'sha256:00', length: 3, alpha: 1, mu: 0 };
    const next = nextCombinationChain(chain, 1, { combination, state: new Float32Array(0) });
    const links = { version: 1, previousChain: chain, chain: next, state: new Float32Array(0), crcs: new Uint32Array(0) };
    stage.streams.splice(0, 1, [snapshotOf(0, chain), { type: 'update', ...links, combination }], [snapshotOf(1, next)]);
    await stage.start();
    stage.assign(1, { phase: 'grad', version: 1, link: next });
    await stage.until(() => stage.contributions.length === 1);
    expect([stage.followed, stage.fatal]).toEqual([2, []]);
  });
});

describe('RunParticipation: a program that fails', () => {
  it('tells the coordinator, forgets the round, and takes part in the next', async () => {
    await stage.start();
    const { run, step, attempt, phase, inputDigest: digest } = stage.assign(1, { phase: 'nan' });
    await stage.until(() => stage.sent.length === 1);
    const round = { run, step, attempt, phase, inputDigest: digest };
    expect(stage.sent).toEqual([{ type: 'failed', round, reason: 'Log makes NaN' }]);
    expect(stage.participation.programFailure).toMatchObject({ code: 'PROGRAM', exitCode: 65 });
    expect(stage.participation.heartbeat()).toMatchObject({ open: 0, computing: false });
    stage.assign(2, { phase: 'grad', attempt: 1 });
    await stage.until(() => stage.contributions.length === 1);
    expect([stage.participation.programFailure, stage.fatal]).toEqual([undefined, []]);
  });
});
