import { describe, expect, it } from 'vitest';
import { WireError } from '../src/errors.ts';
import type { CoordinatorMessage, WorkerMessage } from '../src/messages.ts';
import { geodesic } from '../src/protobuf.ts';
import { encodeSealed } from '../src/sealed.ts';
import { decodeCoordinatorMessage, decodeWorkerMessage, encodeCoordinatorMessage, encodeWorkerMessage } from '../src/session-messages.ts';
import { PROTOCOL_VERSION } from '../src/versions.ts';

const fromWorkers: readonly WorkerMessage[] = [
  { type: 'hello', worker: 'w1', incarnation: 'abc', protocol: 3, state: 0, pid: 4242 },
  { type: 'hello', worker: 'w1', incarnation: 'abc', protocol: 4, state: 2, pid: 0 },
  { type: 'ready', fingerprint: { executor: 'onnx-cpu', threads: 1, zero: 0, empty: '' } },
  { type: 'heartbeat', slots: 0, examples: 2 ** 40, computing: false, generation: 0, open: 3 },
  { type: 'leave', reason: 'SIGTERM' },
  { type: 'draining', reason: '' },
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
  { type: 'welcome', run: 'r', leaseMs: 3000, heartbeatMs: 1000, bundleDigest: 'sha256:00', term: 0 },
  { type: 'welcome', run: 'r', leaseMs: 3000, heartbeatMs: 1000, bundleDigest: 'sha256:00', term: 2 ** 40 },
  { type: 'refused', code: 'FINGERPRINT_MISMATCH', field: 'node', expected: '20', got: '22', message: 'no', retryAfterMs: 0 },
  { type: 'refused', code: 'QUARANTINED', field: '', expected: '', got: '', message: 'later', retryAfterMs: 10_000 },
  { type: 'drain', reason: 'maintenance' },
  { type: 'alive' },
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

/** The bytes with one bit flipped, for every bit. */
function* flips(bytes: Buffer): Generator<Buffer> {
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3] ^= 1 << (bit & 7);
    yield damaged;
  }
}

describe('decodeWorkerMessage', () => {
  it.each(fromWorkers)('gives back $type with its default-valued fields', (message) => {
    expect(decodeWorkerMessage(encodeWorkerMessage(message))).toEqual(message);
  });

  it('refuses a message of no known kind', () => {
    const unknown = encodeSealed(geodesic.v1.WorkerMessage, {});
    expect(() => decodeWorkerMessage(unknown)).toThrow(/expected hello, ready, heartbeat, leave, failed or draining/);
  });

  it('reads the hello of an older version, which is not sealed, so that it can be refused in words', () => {
    const hello = { worker: 'w', incarnation: 'i', protocol: 2, pid: 7 };
    const bytes = geodesic.v1.WorkerMessage.encode({ hello }).finish() as Buffer;
    expect(decodeWorkerMessage(bytes)).toEqual({ type: 'hello', ...hello, state: 0 });
    const own = geodesic.v1.WorkerMessage.encode({ hello: { ...hello, protocol: PROTOCOL_VERSION } }).finish() as Buffer;
    expect(() => decodeWorkerMessage(own)).toThrow(/ends with the CRC-32/);
  });

  it('refuses every flipped bit', () => {
    for (const damaged of flips(encodeWorkerMessage(fromWorkers[3]))) expect(() => decodeWorkerMessage(damaged)).toThrow(WireError);
  });
});

describe('decodeCoordinatorMessage', () => {
  it.each(fromCoordinator)('gives back $type with its default-valued fields', (message) => {
    expect(decodeCoordinatorMessage(encodeCoordinatorMessage(message))).toEqual(message);
  });

  it('refuses a message of no known kind', () => {
    expect(() => decodeCoordinatorMessage(encodeSealed(geodesic.v1.CoordinatorMessage, {}))).toThrow(/no known kind/);
    expect(() => decodeCoordinatorMessage(Buffer.alloc(0))).toThrow(/ends with the CRC-32/);
  });

  it('refuses every flipped bit', () => {
    const assign = fromCoordinator.find(({ type }) => type === 'assign')!;
    for (const damaged of flips(encodeCoordinatorMessage(assign)))
      expect(() => decodeCoordinatorMessage(damaged)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});
