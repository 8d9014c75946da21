import { describe, expect, it } from 'vitest';
import type { CoordinatorMessage, WorkerMessage } from '../src/messages.ts';
import { decodeCoordinatorMessage, decodeWorkerMessage, encodeCoordinatorMessage, encodeWorkerMessage } from '../src/session-messages.ts';

const fromWorkers: readonly WorkerMessage[] = [
  { type: 'hello', worker: 'w1', incarnation: 'abc', protocol: 1, pid: 4242 },
  { type: 'ready', fingerprint: { executor: 'onnx-cpu', threads: 1, zero: 0, empty: '' } },
  { type: 'heartbeat', slots: 0, examples: 2 ** 40, computing: false, generation: 0, open: 3 },
  { type: 'leave', reason: 'SIGTERM' },
  {
    type: 'failed',
    round: { run: 'r', step: 3, attempt: 0, phase: 'grad', inputDigest: 'ff' },
    reason: 'step 3, phase grad: Log makes NaN',
  },
];

const round = {
  run: 'r',
  step: 0,
  attempt: 0,
  phase: 'grad',
  inputDigest: 'ff',
  version: 0,
  slots: 8,
  sumsLength: 5_000_000_000,
  scalarsLength: 3,
};
const fromCoordinator: readonly CoordinatorMessage[] = [
  { type: 'welcome', run: 'r', leaseMs: 3000, heartbeatMs: 1000, bundleDigest: 'sha256:00' },
  { type: 'refused', code: 'FINGERPRINT_MISMATCH', field: 'node', expected: '20', got: '22', message: 'no' },
  {
    type: 'assign',
    generation: 9,
    round,
    blocks: [
      { level: 0, index: 0 },
      { level: 2, index: 1 },
    ],
  },
  { type: 'assign', generation: 0, round, blocks: [] },
  {
    type: 'assign',
    generation: 1,
    round: {
      ...round,
      inputs: {
        vectors: [
          { name: 'QA/first', digest: 'sha256:00', length: 2 ** 33 },
          { name: 'QS/first', digest: 'sha256:01', length: 0 },
        ],
        move: { digest: 'sha256:02', length: 7, alpha: 0.1, mu: 0 },
      },
    },
    blocks: [],
  },
  {
    type: 'assign',
    generation: 2,
    round: { ...round, inputs: { vectors: [{ name: 'direction', digest: 'sha256:00', length: 3 }] } },
    blocks: [],
  },
  { type: 'admitted', generation: 0 },
  { type: 'run-over', state: 'completed' },
];

describe('decodeWorkerMessage', () => {
  it.each(fromWorkers)('gives back $type with its default-valued fields', (message) => {
    expect(decodeWorkerMessage(encodeWorkerMessage(message))).toEqual(message);
  });

  it('refuses a message of no known kind', () => {
    expect(() => decodeWorkerMessage(Buffer.alloc(0))).toThrow(/expected hello, ready, heartbeat, leave or failed/);
  });
});

describe('decodeCoordinatorMessage', () => {
  it.each(fromCoordinator)('gives back $type with its default-valued fields', (message) => {
    expect(decodeCoordinatorMessage(encodeCoordinatorMessage(message))).toEqual(message);
  });

  it('refuses a message of no known kind', () => {
    expect(() => decodeCoordinatorMessage(Buffer.alloc(0))).toThrow(/no known kind/);
  });
});
