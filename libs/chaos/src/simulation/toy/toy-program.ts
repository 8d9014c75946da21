/**
 * What a worker of the toy training computes: a linear layer on masked inputs. `grad` gives the gradient, the moments of the outputs and, when
 * statistics are due, the two Kronecker factors, which travel coded; `quad` the products of a direction and of the last change; `trial` the
 * loss elsewhere. At one step the program fails at first, on every host alike.
 */
import { addressesOf, applyUpdate, BlockAccumulator, combine, roundAtLevel, slotsOf } from '@geodesic/cluster';
import type { ComputeRequest, Contribution, RoundPlan, Snapshot } from '@geodesic/cluster';
import { roundSums, type SumsCodec } from '@geodesic/tensor';
import { addOuter, packedLength } from './toy-algebra.ts';
import { exampleOf, examplesOfStep, INPUTS, noiseOf, OUTPUTS, SIZE, SLOT_EXAMPLES, STATE_SIZE } from './toy-data.ts';

/** Finds a vector by its address. */
export type FindVector = (digest: string) => Float32Array | undefined;

/** Defects that can be planted in a worker. */
export interface ProgramDefects {
  /** Rows of the padding count in the factor of the inputs, with whatever is left in the buffer. */
  readonly padsFactor?: boolean;
  /** Randomness depends on this number, too. */
  readonly salt?: number;
  /** The codec rounds what a worker sends, instead of one level of the tree. */
  readonly codesBlocks?: boolean;
}

/** What the toy's program throws on every host alike. */
export class ToyProgramFailure extends Error {
  override readonly name = 'ToyProgramFailure';
}

/** The step whose first attempt fails, and where. */
const FAILING = { step: 5, slot: 3 } as const;

/** Where the sums of `grad` are; the factors are there only when statistics are due. */
export const GRADIENT = 0;
export const MOMENTS: number = GRADIENT + SIZE;
export const FACTOR_A: number = MOMENTS + STATE_SIZE;
export const FACTOR_S: number = FACTOR_A + packedLength(INPUTS);
export const PLAIN_SUMS: number = FACTOR_A;
export const ALL_SUMS: number = FACTOR_S + packedLength(OUTPUTS);

/** Both factors are rounded above the slots, so that workers and coordinator round some of them each. */
export const CODEC: SumsCodec = {
  level: 1,
  segments: [
    { offset: FACTOR_A, size: INPUTS, kind: 'bf16' },
    { offset: FACTOR_S, size: OUTPUTS, kind: 'fp16' },
  ],
};

/** What a computation reads: theta or the moved theta, and a direction. */
interface Values {
  readonly theta: Float32Array;
  readonly state: Float32Array;
  readonly previous: Float32Array;
  readonly direction: Float32Array | undefined;
}

/** What is computed: a block of a round's plan. */
export type ToyRequest = ComputeRequest & Pick<RoundPlan, 'sumsLength' | 'scalarsLength' | 'codec'>;

/** The compute thread of one worker. Its row buffer stays from slot to slot, as real ones do. */
export class ToyComputer {
  readonly #defects: ProgramDefects;
  /** [SLOT_EXAMPLES, I]: a padding row keeps what it had. */
  readonly #rows: Float64Array = new Float64Array(SLOT_EXAMPLES * INPUTS);

  constructor(defects: ProgramDefects = {}) {
    this.#defects = defects;
  }

  /** The contribution of one block. @throws {ToyProgramFailure} */
  compute(held: Snapshot, request: ToyRequest, find: FindVector): Contribution {
    const { block, sumsLength, scalarsLength, codec } = request;
    const values = valuesOf(held, request, find);
    const treeCodec = this.#defects.codesBlocks === true ? undefined : codec;
    const accumulator = new BlockAccumulator({ block, sumsLength, scalarsLength, codec: treeCodec });
    for (const slot of slotsOf(block)) accumulator.push(roundAtLevel(this.#slot(values, request, slot), treeCodec));
    const total = accumulator.finish();
    if (this.#defects.codesBlocks === true && codec) roundSums(total.sums, codec.segments);
    return total;
  }

  #slot(values: Values, request: ToyRequest, slot: number): Contribution {
    const { step, attempt, phase, sumsLength, scalarsLength } = request;
    if (step === FAILING.step && attempt === 0 && slot === FAILING.slot) throw new ToyProgramFailure(`step ${step}: Log makes NaN`);
    const sums = new Float64Array(sumsLength);
    const scalars = new Float64Array(scalarsLength);
    let count = 0;
    for (let row = 0; row < SLOT_EXAMPLES; row += 1) {
      const ordinal = slot * SLOT_EXAMPLES + row;
      const isReal = ordinal < examplesOfStep(step);
      if (isReal) count += 1;
      this.#example(values, { request, row, ordinal, weight: isReal ? 1 : 0 }, { sums, scalars });
    }
    if (phase === 'grad' && count === 0) sums.fill(0);
    return { block: { level: 0, index: slot }, count, scalars, sums: Float32Array.from(sums) };
  }

  /** Adds one row; weight 0 multiplies the inputs with their bias, the loss and every gradient. */
  #example(
    values: Values,
    { request, row, ordinal, weight }: { request: ToyRequest; row: number; ordinal: number; weight: number },
    { sums, scalars }: { sums: Float64Array; scalars: Float64Array },
  ): void {
    const { step, phase } = request;
    const noise = noiseOf(step, ordinal, this.#defects.salt);
    const buffer = this.#rows.subarray(row * INPUTS, (row + 1) * INPUTS);
    if (weight === 1) exampleOf(step, ordinal).inputs.forEach((input, i) => (buffer[i] = input * noise.mask[i]));
    const x = Array.from(buffer, (value) => value * weight);
    const targets = weight === 1 ? exampleOf(step, ordinal).targets : [0, 0];
    const outputs = targets.map((_, o) => weight * values.state[0] + along(values.theta, o, x));
    const errors = outputs.map((output, o) => weight * (output - targets[o]));
    if (phase === 'quad') {
      for (let o = 0; o < OUTPUTS; o += 1) {
        const d = along(values.direction!, o, x);
        const p = along(values.previous, o, x);
        scalars[0] += d * d;
        scalars[1] += d * p;
        scalars[2] += p * p;
      }
      return;
    }
    scalars[0] += 0.5 * errors.reduce((sum, error) => sum + error * error, 0);
    if (phase !== 'grad') return;
    errors.forEach((error, o) => x.forEach((input, i) => (sums[GRADIENT + o * INPUTS + i] += error * input)));
    for (let q = 0; q < STATE_SIZE; q += 1) sums[MOMENTS + q] += outputs[q];
    if (sums.length === PLAIN_SUMS) return;
    addOuter(sums.subarray(FACTOR_A, FACTOR_S), this.#defects.padsFactor === true ? buffer : x);
    addOuter(
      sums.subarray(FACTOR_S, ALL_SUMS),
      noise.sampled.map((value) => weight * value),
    );
  }
}

function along(matrix: Float32Array, row: number, x: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += matrix[row * x.length + i] * x[i];
  return sum;
}

function valuesOf(held: Snapshot, { inputs }: ComputeRequest, find: FindVector): Values {
  const required = (digest: string): Float32Array => {
    const vector = find(digest);
    if (!vector) throw new Error(`vector ${digest} is not held`);
    return vector;
  };
  for (const digest of inputs ? addressesOf(inputs).keys() : []) required(digest);
  const reference = inputs?.vectors.find((vector) => vector.name === 'direction');
  const theta = held.parameters.slice();
  const move = inputs?.move;
  if (move) applyUpdate(theta, combine(required(move.digest), held.previous, move.alpha, move.mu));
  return { theta, state: held.state, previous: held.previous, direction: reference && required(reference.digest) };
}
