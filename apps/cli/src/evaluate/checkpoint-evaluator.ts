/**
 * Evaluates checkpoints of one run on held-out data, by the code of a worker for the sums and that of the trainer for the one division: the
 * numbers are those of the run's own evaluation after the same step, to the last bit.
 */
import { createHash } from 'node:crypto';
import { paramsDigest, type Checkpoint } from '@geodesic/checkpoint';
import { planRound, type Contribution, type Fingerprint, type PhasePlan } from '@geodesic/cluster';
import { committedArrays, evaluated, totalsOf } from '@geodesic/coordinator/trainer';
import { DataError, evaluationSlots, openDataset } from '@geodesic/data';
import { codecOf, decodeBundle, programSumsLength, stateLayout, type Bundle } from '@geodesic/engine';
import { validateRunSpec } from '@geodesic/run-spec';
import { makeLayout, type Layout } from '@geodesic/tensor';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { RoundComputer } from '../recompute/round-computer.ts';
import { readNumber, readText } from '../view/event-fields.ts';
import { resultOf, resultWithoutNumbers, type EvaluationResult, type HeldOutSplit, type ResultOrigin } from './evaluation-result.ts';

/** Options of {@link CheckpointEvaluator.open}. */
export interface EvaluatorOptions {
  readonly run: string;
  /** Default: validation where the run holds some examples back for it, else test. */
  readonly split?: HeldOutSplit;
}

/** What a bundle and its data say of an evaluation. */
interface EvaluationParts {
  readonly run: string;
  readonly bundle: Bundle;
  readonly split: HeldOutSplit;
  /** Examples of the split. */
  readonly size: number;
  readonly computer: RoundComputer;
}

/** Evaluates one checkpoint after the other. */
export class CheckpointEvaluator {
  readonly split: HeldOutSplit;
  /** The `compute` part of the numeric fingerprint. */
  readonly compute: Fingerprint;
  readonly #parts: EvaluationParts;
  readonly #layout: Layout;
  readonly #stateSize: number;
  readonly #fingerprint: string;

  private constructor(parts: EvaluationParts) {
    const { bundle, split, computer } = parts;
    this.#parts = parts;
    this.split = split;
    this.compute = computer.fingerprint;
    this.#layout = makeLayout(bundle.parameters);
    this.#stateSize = stateLayout(bundle.state).size;
    this.#fingerprint = digestOf(computer.fingerprint);
  }

  /**
   * Opens data and executor of a bundle.
   * @throws {CliError} DATA_INVALID where the run's data are not on this host, SPLIT_EMPTY; what else is wrong with the bundle
   */
  static async open(bytes: Uint8Array, { run, split: wanted }: EvaluatorOptions): Promise<CheckpointEvaluator> {
    const bundle = decodeBundle(bytes);
    try {
      const dataset = openDataset(validateRunSpec(bundle.spec, 'bundle').data);
      const split = wanted ?? (dataset.split('validation').size > 0 ? 'validation' : 'test');
      const { size } = dataset.split(split);
      if (size === 0) throw emptySplit(run, split);
      return new CheckpointEvaluator({ run, bundle, split, size, computer: await RoundComputer.open(bytes) });
    } catch (error) {
      throw error instanceof DataError ? withoutData(run, error) : error;
    }
  }

  /** @throws {CliError} CHECKPOINT_UNFIT for a checkpoint of another run or bundle, or one whose parameters are not those that it names */
  async evaluate(checkpoint: Checkpoint): Promise<EvaluationResult> {
    const { bundle, split, size, computer } = this.#parts;
    const { step, digest } = this.#load(checkpoint);
    const origin: ResultOrigin = { step, split, paramsDigest: digest, fingerprint: this.#fingerprint };
    let total: Contribution;
    try {
      total = await computer.total({ round: this.#round(checkpoint, step) });
    } catch (error) {
      // The program makes NaN or infinity of these parameters, which is what is to be told of them.
      if (!(error instanceof Error) || error.name !== 'ProgramFailure') throw error;
      return resultWithoutNumbers(error.message, { ...origin, examples: size });
    }
    return resultOf(evaluated(split, totalsOf(bundle.phases['eval'], total)).evaluation!, origin);
  }

  #load({ manifest, files }: Checkpoint): { readonly step: number; readonly digest: string } {
    const { run, computer } = this.#parts;
    const { facts } = manifest;
    const step = readNumber(facts, 'step');
    if (facts['run'] !== run) throw unfit(run, `expected a checkpoint of this run, got one of ${readText(facts, 'run') || 'no run'}`);
    const arrays = this.#arrays(files);
    if (arrays.state.length !== this.#stateSize)
      throw unfit(run, `step ${step}: expected a state of ${this.#stateSize} values, got ${arrays.state.length}`);
    const digest = paramsDigest(this.#layout, arrays.parameters);
    if (digest !== facts['paramsDigest'])
      throw unfit(run, `step ${step}: expected parameters of ${readText(facts, 'paramsDigest')}, got ${digest}`);
    computer.load(arrays);
    return { step, digest };
  }

  #arrays(files: Checkpoint['files']): ReturnType<typeof committedArrays> {
    try {
      return committedArrays(files, this.#layout);
    } catch (error) {
      throw unfit(this.#parts.run, (error as Error).message.replace(/^resume: /, ''), error);
    }
  }

  /** The round that the trainer plans after this step. */
  #round({ manifest: { facts } }: Checkpoint, step: number): ReturnType<typeof planRound> {
    const { run, bundle, split, size } = this.#parts;
    const program = bundle.phases['eval'];
    const { slots } = evaluationSlots(size, bundle.slotSize);
    const codec = codecOf(program);
    const sumsLength = programSumsLength(program, slots * bundle.slotSize);
    const shape = { slots, sumsLength, scalarsLength: program.columns.length, ...(codec && { codec }) };
    const plan: PhasePlan = { step, attempt: 0, phase: `eval/${split}`, ...shape };
    const position = { version: readNumber(facts, 'version'), chain: readText(facts, 'chain'), checksum: readText(facts, 'checksum') };
    return planRound({ run, plan, position });
  }
}

/** Equal for equal fields, whatever their order. */
function digestOf(fingerprint: Fingerprint): string {
  const fields = Object.entries(fingerprint).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `sha256:${createHash('sha256').update(JSON.stringify(fields)).digest('hex')}`;
}

function unfit(run: string, problem: string, cause?: unknown): CliError {
  const hint = 'evaluate with the bundle and the checkpoints of one run; geo verify says what else is wrong';
  return new CliError({ code: 'CHECKPOINT_UNFIT', message: `run ${run}: ${problem}`, hint, exitCode: EXIT.failed, cause });
}

function emptySplit(run: string, split: HeldOutSplit): CliError {
  const message = `--split ${split}: expected a part of the data with examples, got none in run ${run}`;
  const hint = split === 'validation' ? 'its spec has no data.validation: use --split test' : 'use --split validation';
  return new CliError({ code: 'SPLIT_EMPTY', message, hint, exitCode: EXIT.usage });
}

function withoutData(run: string, cause: DataError): CliError {
  const hint = "an evaluator reads the run's data on its own host, at the places that the run's spec names";
  return new CliError({ code: cause.code, message: `run ${run}: ${cause.message}`, hint, exitCode: EXIT.failed, cause });
}
