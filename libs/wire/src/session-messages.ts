/** The control messages in protobuf form and back; every field is read explicitly, since proto3 leaves defaults out. */
import { WireError } from './errors.ts';
import type { CoordinatorMessage, Fingerprint, WireRoundInputs, WorkerMessage } from './messages.ts';
import { decodeBlock, decodeCombination, decodeRound, decodeSegments } from './payload-header.ts';
import { geodesic, toCount } from './protobuf.ts';
import { decodePlain, decodeSealed, encodeSealed, hasCheck } from './sealed.ts';
import { PROTOCOL_VERSION } from './versions.ts';

const { WorkerMessage: WorkerProto, CoordinatorMessage: CoordinatorProto } = geodesic.v1;

/** The bytes of a worker's message. */
export function encodeWorkerMessage(message: WorkerMessage): Buffer {
  return encodeSealed(WorkerProto, workerFields(message));
}

/** @throws {WireError} CORRUPT when its check disagrees, INVALID for a message of no known kind */
export function decodeWorkerMessage(bytes: Buffer): WorkerMessage {
  const { hello, ready, heartbeat, leave, failed, draining } = isForeignHello(bytes)
    ? decodePlain(WorkerProto, bytes, 'session')
    : decodeSealed(WorkerProto, bytes, 'session');
  if (hello) {
    const { worker = '', incarnation = '', protocol = 0, state = 0, pid = 0 } = present(hello);
    return { type: 'hello', worker, incarnation, protocol, state, pid };
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
  if (draining) return { type: 'draining', reason: draining.reason ?? '' };
  throw unknownKind('hello, ready, heartbeat, leave, failed or draining');
}

/** The bytes of a coordinator's message. */
export function encodeCoordinatorMessage(message: CoordinatorMessage): Buffer {
  return encodeSealed(CoordinatorProto, coordinatorFields(message));
}

/** @throws {WireError} CORRUPT when its check disagrees, INVALID for a message of no known kind */
export function decodeCoordinatorMessage(bytes: Buffer): CoordinatorMessage {
  const { welcome, admitted, refused, assign, runOver, drain, alive } = decodeSealed(CoordinatorProto, bytes, 'session');
  if (welcome) {
    const { run = '', leaseMs = 0, heartbeatMs = 0, bundleDigest = '' } = present(welcome);
    return { type: 'welcome', run, leaseMs, heartbeatMs, bundleDigest, term: toCount(welcome.term, 'welcome.term') };
  }
  if (refused) {
    const { code = '', field = '', expected = '', got = '', message = '', retryAfterMs = 0 } = present(refused);
    return { type: 'refused', code, field, expected, got, message, retryAfterMs };
  }
  if (admitted) return { type: 'admitted', generation: toCount(admitted.generation, 'admitted.generation') };
  if (assign) return decodeAssign(assign);
  if (runOver) return { type: 'run-over', state: runOver.state ?? '' };
  if (drain) return { type: 'drain', reason: drain.reason ?? '' };
  if (alive) return { type: 'alive' };
  throw unknownKind('welcome, admitted, refused, assign, run_over, drain or alive');
}

/** Versions before 3 do not seal: what they say in their hello is enough to refuse them in words. */
function isForeignHello(bytes: Buffer): boolean {
  if (hasCheck(bytes)) return false;
  const protocol = decodePlain(WorkerProto, bytes, 'session').hello?.protocol;
  return typeof protocol === 'number' && protocol !== PROTOCOL_VERSION;
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
    case 'draining':
      return { draining: message };
    case 'failed':
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
    case 'alive':
      return { alive: {} };
    case 'drain':
      return { drain: message };
    case 'run-over':
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
