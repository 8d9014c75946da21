import type { CheckpointContent, CheckpointStore, RetentionPolicy } from '@geodesic/checkpoint';
import { CommittedParameters } from '@geodesic/cluster';
import { StorageGuard } from '@geodesic/run-store';
import { makeLayout } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { RunCheckpoints } from '../src/run-checkpoints.ts';
import type { RunCheckpointsOptions } from '../src/run-checkpoints.ts';
import { settled, threeRounds } from './run-loop-stage.ts';

/** Checkpoints whose disk answers when the test says so. */
class Disk {
  readonly history: string[] = [];
  readonly writes: { readonly step: number; readonly content: CheckpointContent; readonly end: (error?: Error) => void }[] = [];
  readonly policies: RetentionPolicy[] = [];
  removed: number[] = [];
  readonly checkpoints: RunCheckpoints;
  readonly committed: CommittedParameters;

  constructor(options: Partial<RunCheckpointsOptions> = {}) {
    const trainer = threeRounds();
    this.committed = new CommittedParameters(trainer);
    const store: Pick<CheckpointStore, 'write' | 'retain' | 'path'> = {
      write: (step, content) =>
        new Promise((resolve, reject) =>
          this.writes.push({ step, content, end: (error) => (error ? reject(error) : resolve({} as never)) }),
        ),
      retain: (policy) => {
        this.policies.push(policy);
        return Promise.resolve(this.removed.splice(0));
      },
      path: (step) => `step-${step}`,
    };
    this.checkpoints = new RunCheckpoints({
      run: 'r',
      store: store as CheckpointStore,
      guard: new StorageGuard({ retryMs: 0, onFailure: ({ what }) => this.history.push(`${what} waits`) }),
      journal: {
        rotate: (step) => void this.history.push(`journal from ${step}`),
        retire: async (step) => void this.history.push(`journal before ${step} is gone`),
      },
      layout: makeLayout([{ name: 'theta', shape: [2] }]),
      keep: {},
      trainer,
      committed: this.committed,
      known: [],
      validation: () => new Map(),
      onWritten: (step) => this.history.push(`written ${step}`),
      onRemoved: (step) => this.history.push(`removed ${step}`),
      ...options,
    });
  }
}

const full = (): Error => Object.assign(new Error('no space left'), { code: 'ENOSPC' });

describe('RunCheckpoints', () => {
  it('copies at once, writes one after the other, and begins a file of the journal with each', async () => {
    const disk = new Disk();
    const captured = [disk.checkpoints.capture(5)];
    disk.committed.advance({ delta: Float32Array.of(1, 1), state: new Float32Array(0) });
    captured.push(disk.checkpoints.capture(10));
    const written = captured.map((each) => disk.checkpoints.write(each));
    await settled();
    expect(disk.writes.map(({ step, content }) => [step, content.facts['version']])).toEqual([[5, 0]]);
    expect([...(disk.writes[0].content.files['parameters.safetensors'].tensors.get('theta')!.data as Float32Array)]).toEqual([0, 0]);
    expect(disk.checkpoints.isCrowded).toBe(true);
    disk.writes[0].end();
    await written[0];
    await settled();
    expect([disk.writes[1].content.facts['version'], disk.checkpoints.isCrowded]).toEqual([1, false]);
    disk.writes[1].end();
    await disk.checkpoints.idle();
    expect(disk.history).toEqual([
      'journal from 5',
      'journal from 10',
      'written 5',
      'journal before 5 is gone',
      'written 10',
      'journal before 10 is gone',
    ]);
  });

  it('waits for a disk that is full, but for the first checkpoint of a run', async () => {
    const disk = new Disk();
    const written = disk.checkpoints.write(disk.checkpoints.capture(5));
    await settled();
    disk.writes[0].end(full());
    await expect.poll(() => disk.writes.length).toBe(2);
    disk.writes[1].end();
    await written;
    expect(disk.history.slice(1, 3)).toEqual(['checkpoint waits', 'written 5']);
    const first = disk.checkpoints.write(disk.checkpoints.capture(0), { waits: false });
    await settled();
    disk.writes[2].end(full());
    await expect(first).rejects.toThrow('no space left');
  });

  it('pins the first and the newest, and keeps those with the lowest validation loss', async () => {
    const losses = new Map([
      [0, 0.1],
      [5, 0.5],
      [7, 0.1],
      [10, 0.4],
    ]);
    const disk = new Disk({ keep: { last: 2, best: 2 }, known: [0, 5, 10], validation: () => losses });
    disk.removed = [5];
    const written = disk.checkpoints.write(disk.checkpoints.capture(15));
    await settled();
    disk.writes[0].end();
    await written;
    expect(disk.policies).toEqual([{ last: 2, best: [0, 10], pinned: [0, 15] }]);
    expect(disk.history.at(-1)).toBe('removed 5');
    expect(disk.checkpoints.lastProven(12)).toBe('step-10');
  });

  it('names the last checkpoint from which a step was made, but for one whose change was taken back', () => {
    const disk = new Disk({ known: [0, 5, 10] });
    expect(disk.checkpoints.lastStep).toBe(10);
    expect(disk.checkpoints.lastProven(10)).toBe('step-5');
    disk.checkpoints.disprove(10);
    expect(disk.checkpoints.lastProven(12)).toBe('step-5');
    expect(new Disk().checkpoints.lastProven(3)).toBeUndefined();
  });
});
