/** The control messages in protobuf form and back; every field is read explicitly, since proto3 leaves defaults out. */
import { WireError } from './errors.ts';
import type { CoordinatorMessage, Fingerprint, WireRoundInputs, WorkerMessage } from './messages.ts';
import { decodeBlock, decodeCombination, decodeRound, decodeSegments } from './payload-header.ts';
import { geodesic, toCount } from './protobuf.ts';

const { WorkerMessage: WorkerProto, CoordinatorMessage: CoordinatorProto } = geodesic.v1;

/** The bytes of a worker's message. */
export function encodeWorkerMessage(message: WorkerMessage): Buffer {
  return WorkerProto.encode(workerFields(message)).finish() as Buffer;
}

/** @throws {WireError} INVALID for a message of no known kind */
export function decodeWorkerMessage(bytes: Buffer): WorkerMessage {
  const { hello, ready, heartbeat, leave, failed } = WorkerProto.decode(bytes);
  if (hello) {
    const { worker = '', incarnation = '', protocol = 0, pid = 0 } = present(hello);
    return { type: 'hello', worker, incarnation, protocol, pid };
  }
  if (ready) return { type: 'ready', fingerprint: decodeFingerprint(ready.fingerprint ?? []) };
  if (heartbeat) {
    return {
      type: 'heartbeat',
      slots: toCount(heartbeat.slots, 'heartbeat.slots'),
      examples: toCount(heartbeat.examples, 'heartbeat.examples'),
      computing: heartbeat.computing ?? false,
      generation: toCount(heartbeat.generation, 'heartbeat.generation'),
      open: heartbeat.open ?? 0,
    };
  }
  if (leave) return { type: 'leave', reason: leave.reason ?? '' };
  if (failed) return { type: 'failed', round: decodeRound(failed.round), reason: failed.reason ?? '' };
  throw unknownKind('hello, ready, heartbeat, leave or failed');
}

/** The bytes of a coordinator's message. */
export function encodeCoordinatorMessage(message: CoordinatorMessage): Buffer {
  return CoordinatorProto.encode(coordinatorFields(message)).finish() as Buffer;
}

/** @throws {WireError} INVALID for a message of no known kind */
export function decodeCoordinatorMessage(bytes: Buffer): CoordinatorMessage {
  const { welcome, admitted, refused, assign, runOver } = CoordinatorProto.decode(bytes);
  if (welcome) {
    const { run = '', leaseMs = 0, heartbeatMs = 0, bundleDigest = '' } = present(welcome);
    return { type: 'welcome', run, leaseMs, heartbeatMs, bundleDigest };
  }
  if (refused) {
    const { code = '', field = '', expected = '', got = '', message = '' } = present(refused);
    return { type: 'refused', code, field, expected, got, message };
  }
  if (admitted) return { type: 'admitted', generation: toCount(admitted.generation, 'admitted.generation') };
  if (assign) return decodeAssign(assign);
  if (runOver) return { type: 'run-over', state: runOver.state ?? '' };
  throw unknownKind('welcome, admitted, refused, assign or run_over');
}

function workerFields(message: WorkerMessage): geodesic.v1.WorkerMessage.$Properties {
  switch (message.type) {
    case 'hello':
      return { hello: message };
    case 'ready':
      return { ready: { fingerprint: encodeFingerprint(message.fingerprint) } };
    case 'heartbeat':
      return { heartbeat: message };
    case 'leave':
      return { leave: message };
    default:
      return { failed: message };
  }
}

function coordinatorFields(message: CoordinatorMessage): geodesic.v1.CoordinatorMessage.$Properties {
  switch (message.type) {
    case 'welcome':
      return { welcome: message };
    case 'admitted':
      return { admitted: message };
    case 'refused':
      return { refused: message };
    case 'assign': {
      const { version, slots, sumsLength, scalarsLength, inputs, codec, ...round } = message.round;
      const sizes = { version, slots, sumsLength, scalarsLength };
      const given = inputs && { inputs: { ...inputs, vectors: [...inputs.vectors] } };
      const rounding = codec && { codec: { ...codec, segments: [...codec.segments] } };
      return { assign: { generation: message.generation, round, ...sizes, ...given, ...rounding, blocks: [...message.blocks] } };
    }
    default:
      return { runOver: message };
  }
}

function decodeAssign(assign: geodesic.v1.Assign.$Properties): CoordinatorMessage {
  const sizes = {
    version: toCount(assign.version, 'assign.version'),
    slots: assign.slots ?? 0,
    sumsLength: toCount(assign.sumsLength, 'assign.sumsLength'),
    scalarsLength: assign.scalarsLength ?? 0,
  };
  const inputs = assign.inputs && { inputs: decodeInputs(assign.inputs) };
  const codec = assign.codec && {
    codec: { level: assign.codec.level ?? 0, segments: decodeSegments(assign.codec.segments, sizes.sumsLength) },
  };
  const round = { ...decodeRound(assign.round), ...sizes, ...inputs, ...codec };
  const generation = toCount(assign.generation, 'assign.generation');
  return { type: 'assign', generation, round, blocks: (assign.blocks ?? []).map(decodeBlock) };
}

function decodeInputs({ vectors, move }: geodesic.v1.RoundInputs.$Properties): WireRoundInputs {
  const named = (vectors ?? []).map(({ name, digest, length }) => {
    return { name: name ?? '', digest: digest ?? '', length: toCount(length, 'vector.length') };
  });
  return { vectors: named, ...(move && { move: decodeCombination(move) }) };
}

function encodeFingerprint(fingerprint: Fingerprint): geodesic.v1.FingerprintField.$Properties[] {
  return Object.entries(fingerprint).map(([name, value]) => (typeof value === 'number' ? { name, number: value } : { name, text: value }));
}

function decodeFingerprint(fields: readonly geodesic.v1.FingerprintField.$Properties[]): Fingerprint {
  return Object.fromEntries(fields.map(({ name, text, number }) => [name ?? '', text ?? number ?? '']));
}

/** Drops nulls, which protobufjs allows beside absence, so that destructuring defaults apply to both. */
function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as { [K in keyof T]?: Exclude<T[K], null> };
}

function unknownKind(expected: string): WireError {
  return new WireError('INVALID', `session: expected ${expected}, got a message of no known kind`, 'run the same version on both ends');
}
