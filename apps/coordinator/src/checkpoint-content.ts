/**
 * What a checkpoint of a run holds, both ways. `parameters.safetensors` has one tensor a parameter in layout order, `state.safetensors` the
 * workers' state vector and, where the run reads it, the last committed change `previous` [P]; the rest is the trainer's own:
 * `optimizer.safetensors` with the optimiser's state and the committed state in float64, under a version of its own. P parameters.
 */
import { float32Tensor, float64Tensor, type CheckpointFile, type StoredArray, type StoredTensor } from '@geodesic/checkpoint';
import { viewOf, type Layout } from '@geodesic/tensor';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** What the cluster agrees on. */
export interface CommittedArrays {
  /** [P] */
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  /** [P], or [0] in a run that never reads it. */
  readonly previous: Float32Array;
}

/** A run as it was after a step. */
export interface ResumedRun extends CommittedArrays {
  /** The last step that was made; 0 for none. */
  readonly step: number;
  /** The trainer's own, by name; float64. */
  readonly optimizer: Readonly<Record<string, Float64Array>>;
  /** The optimiser's own state begins anew, its count of steps goes on; default false. */
  readonly freshOptimizer?: boolean;
}

/** Version of optimizer.safetensors: its names and their meaning. A file that says nothing is of version 1. */
export const STATE_VERSION = 1;

/** A file of a checkpoint, as it is written or was read. */
type Tensors = Pick<CheckpointFile, 'tensors' | 'metadata'>;

const PARAMETERS = 'parameters.safetensors';
const STATE = 'state.safetensors';
const OPTIMIZER = 'optimizer.safetensors';
const VERSION_KEY = 'state-version';

/** The files of the committed arrays; copies. O(P) */
export function committedFiles({ parameters, state, previous }: CommittedArrays, layout: Layout): Readonly<Record<string, CheckpointFile>> {
  const copy = parameters.slice();
  const tensors = layout.entries.map(({ name, shape }) => [name, float32Tensor(shape, viewOf(layout, copy, name))] as const);
  const vectors = [['state', state], ...(previous.length > 0 ? [['previous', previous] as const] : [])] as const;
  const others = vectors.map(([name, values]) => [name, float32Tensor([values.length], values.slice())] as const);
  return { [PARAMETERS]: { tensors: new Map(tensors) }, [STATE]: { tensors: new Map(others) } };
}

/**
 * The file of the trainer's own arrays, which must never be written to again: they are not copied. Stored as chunks: much of it is the same
 * from one checkpoint to the next.
 */
export function optimizerFile(arrays: ResumedRun['optimizer']): Readonly<Record<string, CheckpointFile>> {
  const tensors = Object.entries(arrays).map(([name, values]) => [name, float64Tensor([values.length], values)] as const);
  return { [OPTIMIZER]: { tensors: new Map(tensors), metadata: { [VERSION_KEY]: String(STATE_VERSION) }, store: 'chunks' } };
}

/**
 * The committed arrays alone, from files of which the optimiser's need not be one; copies.
 * @throws {CoordinatorError} CHECKPOINT_UNFIT naming the first file or tensor that is missing, too many, or not what the layout says
 */
export function committedArrays(files: ReadonlyMap<string, Tensors>, layout: Layout): CommittedArrays {
  const parameters = new Float32Array(layout.size);
  for (const { name, shape } of layout.entries)
    viewOf(layout, parameters, name).set(tensorOf(files, PARAMETERS, { name, shape, of: Float32Array }));
  const own = new Set(layout.entries.map(({ name }) => name));
  const foreign = [...tensorsOf(files, PARAMETERS).keys()].find((name) => !own.has(name));
  if (foreign !== undefined) throw unfit(`expected no tensor ${foreign} in ${PARAMETERS}, which the model does not have, got one`);
  const vectors = tensorsOf(files, STATE);
  const state = tensorOf(files, STATE, { name: 'state', of: Float32Array }).slice();
  const previous = vectors.has('previous') ? tensorOf(files, STATE, { name: 'previous', of: Float32Array }).slice() : new Float32Array(0);
  return { parameters, state, previous };
}

/**
 * A run from the files of a checkpoint; the arrays are copies.
 * @throws {CoordinatorError} CHECKPOINT_UNFIT naming the first file or tensor that is missing, too many, or not what the bundle says
 */
export function resumedRun(
  files: ReadonlyMap<string, Tensors>,
  { step, layout, freshOptimizer = false }: { readonly step: number; readonly layout: Layout; readonly freshOptimizer?: boolean },
): ResumedRun {
  requireVersion(files);
  const committed = committedArrays(files, layout);
  const optimizer = [...tensorsOf(files, OPTIMIZER).keys()].map(
    (name) => [name, tensorOf(files, OPTIMIZER, { name, of: Float64Array }).slice()] as const,
  );
  const last = tensorOf(files, OPTIMIZER, { name: 'step', shape: [1], of: Float64Array })[0];
  if (last !== step) throw unfit(`expected the optimizer's state after step ${step}, got that after step ${last}`);
  return { step, ...committed, optimizer: Object.fromEntries(optimizer), ...(freshOptimizer && { freshOptimizer }) };
}

/** @throws {CoordinatorError} CHECKPOINT_UNFIT where the optimiser's state is of a version that is not known here */
function requireVersion(files: ReadonlyMap<string, Tensors>): void {
  const version = files.get(OPTIMIZER)?.metadata?.[VERSION_KEY] ?? '1';
  if (version === String(STATE_VERSION)) return;
  const hint = 'resume with the version of Geodesic that wrote the checkpoint';
  throw unfit(`expected ${OPTIMIZER} of ${VERSION_KEY} ${STATE_VERSION}, got ${version}`, hint);
}

function tensorsOf(files: ReadonlyMap<string, Tensors>, file: string): ReadonlyMap<string, StoredTensor> {
  const found = files.get(file);
  if (found) return found.tensors;
  throw unfit(`expected a file ${file}, got ${[...files.keys()].join(', ')}`);
}

function tensorOf<T extends StoredArray>(
  files: ReadonlyMap<string, Tensors>,
  file: string,
  { name, shape, of }: { readonly name: string; readonly shape?: readonly number[]; readonly of: new (length: number) => T },
): T {
  const found = tensorsOf(files, file).get(name);
  if (found === undefined) throw unfit(`expected a tensor ${name} in ${file}, got none`);
  const { data, dtype } = found;
  const fits = data instanceof of && (shape === undefined || shape.join() === found.shape.join());
  if (fits) return data;
  throw unfit(`expected ${name} in ${file} to be a ${of.name} [${(shape ?? found.shape).join()}], got ${dtype} [${found.shape.join()}]`);
}

/** The error of a checkpoint that a bundle cannot go on from. */
export function unfit(message: string, hint = 'resume with the bundle and the checkpoint of one run'): CoordinatorError {
  return new CoordinatorError('CHECKPOINT_UNFIT', `resume: ${message}`, { hint, exitCode: EXIT.data });
}
