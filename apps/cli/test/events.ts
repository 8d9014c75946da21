/**
 * The events of a small run, as a coordinator sends them, and what its header says.
 */
import type { RunEvent } from '@geodesic/wire';
import type { BundleSummary } from '../src/build-bundle.ts';
import type { RunHeader } from '../src/view/run-view.ts';

export const header: RunHeader = { name: 'digits-ndm', seed: 1, steps: 150, batch: 512 };

export const summary: BundleSummary = {
  parameters: 12_345,
  steps: 150,
  groups: [
    { name: 'ends', method: 'kfac', layers: 2, parameters: 2_410 },
    { name: 'geometry', method: 'adam', layers: 0, parameters: 9_935 },
  ],
  curvature: [
    { layer: 'stem', group: 'ends', kind: 'dense', rows: 65, columns: 32, form: 'kronecker', source: 'sampled', bytes: 10_692 },
    { layer: 'head', group: 'ends', kind: 'dense', rows: 33, columns: 10, form: 'kronecker', source: 'sampled', bytes: 2_464 },
  ],
};

let sequence = 0;

export function event(type: string, data: Record<string, unknown>): RunEvent {
  return { sequence: ++sequence, type, at: '2026-01-01T00:00:00.000Z', data };
}

export function commit(step: number, trainLoss: number): RunEvent {
  return event('step.committed', { step, steps: 150, examples: 512 * step, measurements: { trainLoss }, seconds: 0.1 });
}

export const opening: readonly RunEvent[] = [
  event('run.accepted', { runId: 'run-1', directory: '/runs/run-1' }),
  event('worker.joined', { worker: 'worker-1', pid: 11 }),
  event('worker.joined', { worker: 'worker-2', pid: 12 }),
  event('run.started', { workers: 2, slots: 8, engine: 'onnx-cpu', parameters: 12_345 }),
];
