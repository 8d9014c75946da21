/**
 * A run that is known by what is broadcast through NATS: its bundle, manifests, parameters and state are objects, its checkpoints are told by
 * `checkpoint.available`, and results go back into the stream of its events.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CheckpointError, CheckpointStore, decodeManifest, receiveCheckpoint, type Checkpoint } from '@geodesic/checkpoint';
import { EventsError, type EventBus, type ObjectChannel } from '@geodesic/events';
import { numberOf, typeOf, type EventFeed } from '../artery/event-feed.ts';
import { asNatsFailure } from '../artery/nats-failure.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { readNumber, readText } from '../view/event-fields.ts';
import type { Announcement, CheckpointAccess } from './checkpoint-access.ts';
import type { EvaluatedRun } from './evaluated-run.ts';
import { identityOf, type HeldOutSplit } from './evaluation-result.ts';
import { ResultPublisher } from './result-publisher.ts';

/** What is evaluated of a checkpoint. */
const FILES = ['parameters.safetensors', 'state.safetensors'];
const RETRY_MS = 250;

/** Options of {@link openBroadcastRun}. */
export interface BroadcastRunOptions {
  readonly run: string;
  readonly cluster: string;
  readonly feed: EventFeed;
  readonly bus: EventBus;
  readonly objects: ObjectChannel;
  /** Wait for the run to begin. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly onNotice: (text: string) => void;
  /** Where folders are made through which checkpoints come; default the system's for temporary files. */
  readonly temporary?: string;
}

/**
 * Reads what is in the stream, and gets the bundle.
 * @throws {CliError} BUNDLE_UNKNOWN where the beginning of the run is no longer kept, NATS_*
 */
export async function openBroadcastRun(options: BroadcastRunOptions): Promise<EvaluatedRun> {
  const { run, objects, signal } = options;
  const bundle = await orNatsFailure(async () => objects.get(await bundleDigest(options), signal));
  const told = await orNatsFailure(() => toldResults(options));
  const publisher = new ResultPublisher(options);
  return {
    run,
    bundle,
    told,
    access: accessTo(objects, options.temporary ?? tmpdir()),
    newest: (step) => orNatsFailure(() => newest(options, step)),
    announcements: (following) => available(options, following),
    publish: async (result) => {
      if (told.has(identityOf(result))) return;
      await orNatsFailure(() => publisher.publish(result));
      told.add(identityOf(result));
    },
    failure: async (error) => (error instanceof CheckpointError ? damaged(run, error) : asNatsFailure(error)),
  };
}

function accessTo(objects: ObjectChannel, temporary: string): CheckpointAccess {
  return {
    async paramsDigest({ manifest = '' }, signal) {
      const { facts } = decodeManifest(await patiently(signal, () => objects.get(manifest, signal)), manifest);
      return readText(facts, 'paramsDigest');
    },
    read: (announcement, signal) => patiently(signal, () => received(objects, announcement, { temporary, signal })),
  };
}

/** Through a folder that is gone afterwards. */
async function received(
  objects: ObjectChannel,
  { step, manifest = '', range }: Announcement,
  { temporary, signal }: { readonly temporary: string; readonly signal: AbortSignal },
): Promise<Checkpoint> {
  const folder = await mkdtemp(join(temporary, 'geodesic-evaluate-'));
  try {
    const bytes = await objects.get(manifest, signal);
    await receiveCheckpoint(folder, {
      step,
      manifest: bytes,
      only: FILES,
      get: (digest, aborted) => objects.get(digest, aborted),
      ...(range && { stream: (wanted, aborted) => objects.stream(range, { wanted, signal: aborted }) }),
      signal,
    });
    return await new CheckpointStore(folder).read(step);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The bundle's name, as the first event of the run has it. */
async function bundleDigest({ run, feed, follow, signal }: BroadcastRunOptions): Promise<string> {
  for await (const event of feed.events({ follow, signal })) {
    const digest = readText(event.data, 'bundle');
    if (typeOf(event) === 'run.accepted' && digest !== '') return digest;
    if ((numberOf(event) ?? 1) > 1) break;
  }
  signal.throwIfAborted();
  const message = `run ${run}: expected its event run.accepted with the bundle's digest, got a stream that begins later`;
  const hint = 'evaluate in the run folder, without --nats';
  throw new CliError({ code: 'BUNDLE_UNKNOWN', message, hint, exitCode: EXIT.failed });
}

/** Results that are in the stream by now, by `identityOf`. */
async function toldResults(options: BroadcastRunOptions): Promise<Set<string>> {
  const told = new Set<string>();
  for (const data of await eventsOf('evaluator.result', options)) {
    const split = readText(data, 'split') as HeldOutSplit;
    told.add(identityOf({ step: readNumber(data, 'step'), split, paramsDigest: readText(data, 'paramsDigest') }));
  }
  return told;
}

/** What the events of a type say by now. */
async function eventsOf(type: string, { bus, run, signal }: BroadcastRunOptions): Promise<Readonly<Record<string, unknown>>[]> {
  const found: Readonly<Record<string, unknown>>[] = [];
  for await (const { event } of bus.follow({ run, type, untilNow: true, signal })) found.push(event.data);
  return found;
}

/** As they are told; at the end the last one, which may have been broadcast when the run was over and told no more. */
async function* available({ feed, objects }: BroadcastRunOptions, signal: AbortSignal): AsyncGenerator<Announcement, void> {
  let last = -1;
  for await (const event of feed.events({ follow: true, signal })) {
    if (typeOf(event) !== 'checkpoint.available') continue;
    const announcement = announcementOf(event.data);
    last = Math.max(last, announcement.step);
    yield announcement;
  }
  if (signal.aborted) return;
  const pointer = await patiently(signal, () => objects.pointer());
  if (pointer && pointer.step > last) yield { step: pointer.step, manifest: pointer.manifest };
}

async function newest(options: BroadcastRunOptions, step: number | undefined): Promise<Announcement> {
  const { run, objects } = options;
  const announced = (await eventsOf('checkpoint.available', options)).map(announcementOf);
  const told = announced.findLast((one) => step === undefined || one.step === step);
  const pointer = await objects.pointer();
  const isPointed = pointer !== undefined && (step === undefined ? pointer.step > (told?.step ?? -1) : pointer.step === step && !told);
  if (isPointed) return { step: pointer.step, manifest: pointer.manifest };
  if (told) return told;
  const steps = [...new Set(announced.map((one) => one.step))];
  const hint = steps.length === 0 ? 'no checkpoint of this run was broadcast' : `broadcast: steps ${steps.join(', ')}`;
  const message = `run ${run}: expected a checkpoint${step === undefined ? '' : ` of step ${step}`} in NATS, got none`;
  throw new CliError({ code: 'CHECKPOINT_MISSING', message, hint, exitCode: EXIT.failed });
}

function announcementOf(data: Readonly<Record<string, unknown>>): Announcement {
  const manifest = readText(data, 'manifest');
  const [first, last] = [readNumber(data, 'first'), readNumber(data, 'last')];
  return { step: readNumber(data, 'step'), manifest, ...(last > 0 && { range: { first, last } }) };
}

function damaged(run: string, cause: CheckpointError): CliError {
  const isHere = cause.fault === 'unwritable';
  const code = isHere ? 'CHECKPOINT_UNWRITABLE' : 'CHECKPOINT_DAMAGED';
  const hint = isHere ? `see that ${tmpdir()} has space, or name another folder with TMPDIR` : 'evaluate another checkpoint';
  return new CliError({ code, message: `run ${run}: ${cause.message}`, hint, exitCode: EXIT.failed, cause });
}

/** Again for as long as no server answers. */
async function patiently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof EventsError) || error.code !== 'UNREACHABLE') throw error;
    }
    await delay(RETRY_MS, undefined, { signal });
  }
}

async function orNatsFailure<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw asNatsFailure(error);
  }
}
