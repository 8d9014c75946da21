/**
 * The rows of a slot as a program's inputs: features, targets, weights and random numbers, all pure functions of the run's seed, the step
 * and the row's ordinal in it. B rows.
 */
import type { Split, TargetArray } from '@geodesic/data';
import type { PhaseProgram } from '@geodesic/engine';
import { deriveKey, fillNormal, fillUniform } from '@geodesic/random';
import { allocate, sizeOf, type Shape, type TensorData } from '@geodesic/tensor';

/** The rows of a slot and what their random inputs are keyed by. */
export interface SlotRows {
  readonly split: Split;
  /** Indices into the split, -1 for padding: [B]. */
  readonly examples: Int32Array;
  /** Ordinal in the step of the first row. */
  readonly firstOrdinal: number;
  /** N, the rows of all slots of the round. */
  readonly roundRows: number;
  readonly seed: number;
  readonly step: number;
  /** Tells random numbers of one step apart, after the purpose; default none. */
  readonly purposeSuffix?: string;
}

/** Real examples among the rows of a slot. */
export function countExamples({ examples }: SlotRows): number {
  return examples.reduce((count, index) => (index < 0 ? count : count + 1), 0);
}

/** Buffers for the rows of one slot, filled again and again. */
export class RowBuffers {
  /** Every input of the phase that belongs to a slot's rows, by name. */
  readonly inputs: Readonly<Record<string, TensorData>>;
  readonly #phase: PhaseProgram;

  constructor(phase: PhaseProgram, options: { readonly slotSize: number; readonly featureShape: Shape }) {
    const { slotSize, featureShape } = options;
    // A model may see features and targets in shapes of its own; a program that reads none still has its rows filled.
    const rowsOf = (name: string, otherwise: TensorData): TensorData => {
      const input = phase.graph.inputs.find((candidate) => candidate.name === name);
      return input ? blank(phase.graph.nodes[input.id].dtype, phase.graph.nodes[input.id].shape) : otherwise;
    };
    this.#phase = phase;
    this.inputs = {
      x: rowsOf('x', blank('float32', [slotSize, ...featureShape])),
      y: rowsOf('y', blank('int32', [slotSize])),
      weight: blank('float32', [slotSize]),
      ...Object.fromEntries(phase.random.map(({ name, width }) => [name, blank('float32', [slotSize, width])])),
    };
  }

  /** Writes the rows of a slot; padding rows are zeros of weight 0. */
  fill({ split, examples, firstOrdinal, seed, step, purposeSuffix = '' }: SlotRows): void {
    const { x, y, weight } = this.inputs;
    split.fill(examples, x.data as Float32Array, y.data as TargetArray, weight.data as Float32Array);
    for (const { name, purpose, distribution, width } of this.#phase.random) {
      const key = deriveKey(seed, purpose + purposeSuffix, step);
      const draw = distribution === 'uniform' ? fillUniform : fillNormal;
      const data = this.inputs[name].data as Float32Array;
      for (let row = 0; row < examples.length; row++) draw(key, firstOrdinal + row, data.subarray(row * width, (row + 1) * width));
    }
  }
}

function blank(dtype: TensorData['dtype'], shape: Shape): TensorData {
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
}
