/**
 * `geo evaluate`: the newest checkpoint of a run on held-out data, or with --follow each one as it becomes available. With NATS everything
 * comes from there, and the results go there; without it from the run's folder.
 */
import { NatsBus, NatsObjects } from '@geodesic/events';
import { clusterOf, natsOptionsOf, type NatsFlags } from '../artery/nats-flags.ts';
import { openFeed, type OpenedFeed } from '../artery/open-feed.ts';
import { openBroadcastRun } from '../evaluate/broadcast-run.ts';
import type { CheckpointEvaluator } from '../evaluate/checkpoint-evaluator.ts';
import { evaluateAnnounced, type Skipped } from '../evaluate/evaluate-announced.ts';
import type { EvaluatedRun } from '../evaluate/evaluated-run.ts';
import { dataOf, type EvaluationResult, type HeldOutSplit } from '../evaluate/evaluation-result.ts';
import { openFolderRun } from '../evaluate/folder-run.ts';
import { resultEvent } from '../evaluate/result-publisher.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult, OutputFormat } from '../output.ts';
import { evaluationLine } from '../view/evaluation-line.ts';
import { formatCount } from '../view/format.ts';
import { wantsColour } from '../view/screen.ts';
import { paint } from '../view/styled-text.ts';
import { lookOn } from './look-on.ts';

/** Options of {@link evaluateCommand}. */
export interface EvaluateCommandOptions extends NatsFlags {
  /** As `findRun` takes it. */
  readonly run: string;
  readonly runsFolder: string;
  /** Go on until the run is over. */
  readonly follow: boolean;
  /** Leave out all but the newest of the checkpoints that wait. */
  readonly latest: boolean;
  /** Default: validation where the run holds some examples back for it, else test. */
  readonly split?: HeldOutSplit;
  /** The checkpoint, or with `follow` the first one. */
  readonly from?: number;
  readonly format: OutputFormat;
}

/** What was done. */
interface Done {
  run?: string;
  split?: HeldOutSplit;
  readonly evaluations: EvaluationResult[];
  readonly skipped: Skipped[];
}

const LEFT_OUT: Readonly<Record<Skipped['why'], string>> = {
  told: 'already told',
  newer: 'left out for a newer one',
  gone: 'gone before their turn',
  damaged: 'damaged',
  refused: 'refused',
};

/**
 * Evaluates. The exit code is 1 when a checkpoint was damaged, or not one of the run's bundle.
 * @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, RUN_DAMAGED, BUNDLE_UNKNOWN, CHECKPOINT_MISSING, CHECKPOINT_DAMAGED, CHECKPOINT_UNFIT, DATA_INVALID, SPLIT_EMPTY, NATS_*
 */
export async function evaluateCommand(options: EvaluateCommandOptions, io: CommandIo): Promise<CommandResult> {
  const done: Done = { evaluations: [], skipped: [] };
  const looked = await lookOn(async (signal) => {
    const nats = natsOptionsOf(options, io.env);
    const cluster = nats?.cluster ?? clusterOf(options, io.env);
    const onNotice = noticesOf(io);
    const feed = await openFeed(options.run, { ...options, nats, cluster, signal, onNotice });
    if (feed === undefined) return EXIT.ok;
    try {
      const evaluated = await openRun(feed, { cluster, follow: options.follow, signal, onNotice });
      await evaluateRun(evaluated, { ...options, cluster, signal, onNotice, done, io });
    } finally {
      await feed.close();
    }
    return done.skipped.some(({ why }) => why === 'damaged' || why === 'refused') ? EXIT.failed : EXIT.ok;
  });
  const { run, split, evaluations, skipped } = done;
  const data = { ...(run !== undefined && { run, split }), evaluations: evaluations.map(dataOf), skipped };
  return { ...looked, data, text: options.follow && run !== undefined ? summary(run, done) : '' };
}

interface Surroundings {
  readonly cluster: string;
  readonly signal: AbortSignal;
  readonly onNotice: (text: string) => void;
}

async function openRun(feed: OpenedFeed, around: Surroundings & Pick<EvaluateCommandOptions, 'follow'>): Promise<EvaluatedRun> {
  const { client, found, run = '' } = feed;
  if (found !== undefined || client === undefined) return openFolderRun(found!, feed);
  return openBroadcastRun({ ...around, run, feed, bus: new NatsBus(client), objects: new NatsObjects(client, run) });
}

type Evaluation = EvaluateCommandOptions & Surroundings & { readonly done: Done; readonly io: CommandIo };

async function evaluateRun(evaluated: EvaluatedRun, options: Evaluation): Promise<void> {
  const { run, bundle, access, told } = evaluated;
  const { split, from, follow, latest, signal, onNotice, done } = options;
  const { CheckpointEvaluator } = await import('../evaluate/checkpoint-evaluator.ts'); // loads the executors
  const evaluator = await CheckpointEvaluator.open(bundle, { run, ...(split !== undefined && { split }) });
  Object.assign(done, { run, split: evaluator.split });
  noteFingerprint(evaluated, evaluator, onNotice);
  const onResult = async (result: EvaluationResult): Promise<void> => {
    await evaluated.publish?.(result);
    done.evaluations.push(result);
    write(result, options, run);
  };
  const onSkipped = (skipped: Skipped): void => {
    done.skipped.push(skipped);
    if (skipped.why !== 'told' && skipped.why !== 'gone') onNotice(`step ${skipped.step} is left out: ${skipped.reason}`);
  };
  const announcements = beginningAt(evaluated.announcements(signal), from);
  try {
    if (!follow) await onResult(await evaluator.evaluate(await access.read(await evaluated.newest(from), signal)));
    else await evaluateAnnounced({ announcements, access, evaluator, latest, ...(told && { told }), onResult, onSkipped, signal });
  } catch (error) {
    throw await evaluated.failure(error);
  }
}

async function* beginningAt<T extends { readonly step: number }>(source: AsyncIterable<T>, first = 0): AsyncGenerator<T, void> {
  for await (const item of source) if (item.step >= first) yield item;
}

function noteFingerprint({ compute }: EvaluatedRun, evaluator: CheckpointEvaluator, onNotice: Surroundings['onNotice']): void {
  if (compute === undefined) return;
  const here = evaluator.compute;
  const field = [...new Set([...Object.keys(compute), ...Object.keys(here)])].find((name) => compute[name] !== here[name]);
  if (field === undefined) return;
  const [logged, own] = [compute[field] ?? 'absent', here[field] ?? 'absent'];
  onNotice(`the run was made with ${field} ${logged}, here it is ${own}: results may differ from its own in the last bits`);
}

function write(result: EvaluationResult, { format, cluster, io }: Evaluation, run: string): void {
  if (format === 'text') io.stdout.write(`${paint(evaluationLine(result), { colour: wantsColour(io.stdout, io.env) })}\n`);
  if (format === 'jsonl') io.stdout.write(`${JSON.stringify(resultEvent(result, { run, cluster }))}\n`);
}

function noticesOf({ stderr }: CommandIo): Surroundings['onNotice'] {
  return (text) => void stderr.write(`geo: ${text}\n`);
}

function summary(run: string, { evaluations, skipped, split }: Done): string {
  const counts = (Object.keys(LEFT_OUT) as Skipped['why'][]).flatMap((why) => {
    const count = skipped.filter((one) => one.why === why).length;
    return count === 0 ? [] : [`${formatCount(count)} ${LEFT_OUT[why]}`];
  });
  const many = `${formatCount(evaluations.length)} ${evaluations.length === 1 ? 'checkpoint' : 'checkpoints'}`;
  return `${[`${run}: ${many} evaluated on ${split}`, ...counts].join(', ')}\n`;
}
