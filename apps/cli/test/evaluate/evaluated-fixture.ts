/** A run with evaluations of its own, its checkpoints and its folder: what an evaluator must say again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointStore } from '@geodesic/checkpoint';
import type { Evaluation } from '@geodesic/cluster';
import { buildBundle } from '../../src/build-bundle.ts';
import { specOf } from '../run-in-process.ts';
import { writeRun } from '../written-run.ts';

/** A run in a folder. */
export interface EvaluatedFixture {
  /** The folder of runs. */
  readonly runs: string;
  readonly runId: string;
  readonly path: string;
  readonly bundle: Uint8Array;
  readonly store: CheckpointStore;
  /** As the trainer had them. */
  readonly evaluations: readonly Evaluation[];
}

/** The bundle of a small classifier of the spiral; the reference engine, since its graphs need no compiler. */
export function spiralBundle(changes: object = {}): Uint8Array {
  const spec = specOf({
    name: 'evaluated',
    seed: 5,
    model: { recipe: 'mlp-classifier', hidden: [5, 4] },
    data: { source: 'spiral', points: 90, validation: 0.3 },
    batch: { examples: 24, slots: 8 },
    steps: 6,
    evaluate: { every: 2 },
    engine: 'reference',
    optimizer: { groups: [{ name: 'all', match: ['**'], method: 'kfac' }] },
    ...changes,
  });
  return buildBundle(spec).bundle;
}

/** Trains to the end, a checkpoint every two steps, with events as a coordinator writes them. */
export async function evaluatedRun(folder: string, bundle: Uint8Array = spiralBundle()): Promise<EvaluatedFixture> {
  const runs = join(folder, 'runs');
  mkdirSync(runs, { recursive: true });
  const evaluations: Evaluation[] = [];
  const onAction: Parameters<typeof writeRun>[0]['onAction'] = (action) => {
    if (action.type !== 'evaluated') return;
    const { type: _type, ...evaluation } = action;
    evaluations.push(evaluation);
  };
  const { path, runId, checkpoints } = await writeRun({ runs, bundle, checkpointEvery: 2, onAction });
  const told = [...[0, 2, 4, 6].map((step) => ({ type: 'checkpoint.written', data: { step } })), { type: 'run.finished', data: {} }];
  const lines = told.map((event, i) =>
    JSON.stringify({ sequence: i + 1, type: event.type, at: '2026-01-01T00:00:00.000Z', data: event.data }),
  );
  writeFileSync(join(path, 'events.ndjson'), `${lines.join('\n')}\n`);
  return { runs, runId, path, bundle, store: new CheckpointStore(checkpoints), evaluations };
}
