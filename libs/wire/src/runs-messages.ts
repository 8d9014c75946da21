/** What people and their tools say about runs, in protobuf form and back; every field is read explicitly. */
import { WireError } from './errors.ts';
import { CONTROL_ACTIONS, RUN_STATES } from './messages.ts';
import type { ArteryStatus, ControlRequest, RunEvent, RunStatus } from './messages.ts';
import { geodesic, toCount } from './protobuf.ts';
import { decodeSealed, encodeSealed } from './sealed.ts';

const { ControlRequest: ControlProto, RunEvent: EventProto, RunStatus: StatusProto } = geodesic.v1;

/** The bytes of a wish. */
export function encodeControl(request: ControlRequest): Buffer {
  return encodeSealed(ControlProto, request);
}

/** @throws {WireError} CORRUPT, INVALID for an unknown action, or one that lacks what it needs */
export function decodeControl(bytes: Buffer): ControlRequest {
  const { run, action: name, reason, workers, worker } = decodeSealed(ControlProto, bytes, 'control');
  const isCounted = typeof workers === 'number';
  const action = CONTROL_ACTIONS.find((known) => known === name);
  if (action === undefined) throw new WireError('INVALID', `control.action: expected ${CONTROL_ACTIONS.join(', ')}, got ${name}`);
  if (action === 'scale' && !isCounted) throw new WireError('INVALID', 'control.workers: expected a number of workers, got none');
  if (action === 'drain' && !worker) throw new WireError('INVALID', 'control.worker: expected the name of a worker, got none');
  return { run, action, reason, ...(isCounted && { workers }), ...(typeof worker === 'string' && { worker }) };
}

/** The bytes of a run's state. */
export function encodeStatus(status: RunStatus): Buffer {
  return encodeSealed(StatusProto, { ...status, workers: [...status.workers] });
}

/** @throws {WireError} CORRUPT, INVALID for a state that this version does not know */
export function decodeStatus(bytes: Buffer): RunStatus {
  const { run, directory, state: name, step, steps, term, workers, engine, artery } = decodeSealed(StatusProto, bytes, 'get');
  const state = RUN_STATES.find((known) => known === name);
  if (state === undefined) throw new WireError('INVALID', `status.state: expected ${RUN_STATES.join(', ')}, got ${name}`);
  const counts = { step: toCount(step, 'status.step'), steps: toCount(steps, 'status.steps'), term: toCount(term, 'status.term') };
  const present = workers.map((one) => ({ worker: one.worker ?? '', state: one.state ?? '' }));
  return { run, directory, state, ...counts, workers: present, engine, ...(artery && { artery: arteryOf(artery) }) };
}

function arteryOf({ connected, ...counts }: geodesic.v1.Artery.$Properties): ArteryStatus {
  const count = (field: keyof typeof counts): number => toCount(counts[field] ?? 0, `status.artery.${field}`);
  return {
    connected: connected ?? false,
    reconnects: count('reconnects'),
    behind: count('behind'),
    behindBytes: count('behindBytes'),
    published: count('published'),
    retries: count('retries'),
    oversized: count('oversized'),
    checkpoints: count('checkpoints'),
    checkpointsSkipped: count('checkpointsSkipped'),
  };
}

/** The bytes of an event. */
export function encodeEvent({ sequence, type, at, data }: RunEvent): Buffer {
  return encodeSealed(EventProto, { sequence, type, at, data: Buffer.from(JSON.stringify(data)) });
}

/** @throws {WireError} CORRUPT when the data are no JSON object */
export function decodeEvent(bytes: Buffer): RunEvent {
  const { sequence, type, at, data } = decodeSealed(EventProto, bytes, 'watch');
  const parsed: unknown = JSON.parse(new TextDecoder().decode(data));
  if (typeof parsed !== 'object' || parsed === null) throw new WireError('CORRUPT', `event ${type}: expected a JSON object`);
  return { sequence: toCount(sequence, 'event.sequence'), type, at, data: parsed as Record<string, unknown> };
}
