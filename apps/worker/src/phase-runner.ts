/**
 * One phase's program, compiled: fills the rows of a slot, runs the graph, and packs what comes out into the vectors that travel.
 * B rows, E columns of per-example scalars.
 */
import {
  packSums,
  sumsLength,
  type DeviceValue,
  type Executor,
  type NamedTensors,
  type PhaseProgram,
  type Program,
} from '@geodesic/engine';
import { deriveKey, fillNormal, fillUniform } from '@geodesic/random';
import type { Split, TargetArray } from '@geodesic/data';
import { allocate, sizeOf, type Shape, type TensorData } from '@geodesic/tensor';

/** What one slot adds to a step: sums, never means. */
export interface SlotSums {
  /** Real examples. */
  readonly count: number;
  /** Column sums in float64, added in example order: [E]. */
  readonly scalars: Float64Array;
  /** All sums one after the other, symmetric ones as their upper triangle. */
  readonly sums: Float32Array;
}

/** The rows of a slot and what their random inputs are keyed by. */
export interface SlotRows {
  readonly split: Split;
  /** Indices into the split, -1 for padding: [B]. */
  readonly examples: Int32Array;
  /** Ordinal in the step of the first row. */
  readonly firstOrdinal: number;
  readonly seed: number;
  readonly step: number;
}

/** A compiled phase. */
export class PhaseRunner {
  readonly #phase: PhaseProgram;
  readonly #program: Program;
  readonly #rows: Record<'x' | 'y' | 'weight', TensorData>;
  readonly #random: readonly TensorData[];
  /** Length of the vector of sums. */
  readonly sumsLength: number;
  /** E */
  readonly scalarsLength: number;

  private constructor(phase: PhaseProgram, program: Program, slotSize: number, featureShape: Shape) {
    this.#phase = phase;
    this.#program = program;
    // A model may see features and targets in shapes of its own; a program that reads none still has its rows filled.
    const rowsOf = (name: string, otherwise: TensorData): TensorData => {
      const input = phase.graph.inputs.find((candidate) => candidate.name === name);
      return input ? blank(phase.graph.nodes[input.id].dtype, phase.graph.nodes[input.id].shape) : otherwise;
    };
    this.#rows = {
      x: rowsOf('x', blank('float32', [slotSize, ...featureShape])),
      y: rowsOf('y', blank('int32', [slotSize])),
      weight: blank('float32', [slotSize]),
    };
    this.#random = phase.random.map(({ width }) => blank('float32', [slotSize, width]));
    this.scalarsLength = phase.columns.length;
    this.sumsLength = sumsLength(phase.sums);
  }

  /** Compiles a phase's graph on an executor. */
  static async compile(phase: PhaseProgram, executor: Executor, options: { slotSize: number; featureShape: Shape }): Promise<PhaseRunner> {
    return new PhaseRunner(phase, await executor.compile(phase.graph), options.slotSize, options.featureShape);
  }

  /** Computes the sums of one slot; a slot of padding only is the empty sum and runs nothing. */
  async run(rows: SlotRows, parameters: Readonly<Record<'theta' | 'state', TensorData | DeviceValue>>): Promise<SlotSums> {
    const count = rows.examples.reduce((n, index) => (index < 0 ? n : n + 1), 0);
    const scalars = new Float64Array(this.scalarsLength);
    const sums = new Float32Array(this.sumsLength);
    if (count === 0) return { count, scalars, sums };
    const { x, y, weight } = this.#rows;
    rows.split.fill(rows.examples, x.data as Float32Array, y.data as TargetArray, weight.data as Float32Array);
    this.#draw(rows);
    const available: Record<string, TensorData | DeviceValue> = { ...this.#rows, ...parameters };
    this.#phase.random.forEach(({ name }, i) => (available[name] = this.#random[i]));
    const inputs = Object.fromEntries(this.#phase.graph.inputs.map(({ name }) => [name, available[name]]));
    // A value on a device comes from the executor that compiled the program, which takes it.
    const outputs = await this.#program.run(inputs as NamedTensors);
    if (outputs.examples) addRows(outputs.examples.data as Float32Array, scalars);
    packSums(this.#phase.sums, outputs, sums);
    return { count, scalars, sums };
  }

  /** Every row's draws depend on the run's seed, the purpose, the step and the row's ordinal in the step, and on nothing else. */
  #draw({ seed, step, firstOrdinal }: SlotRows): void {
    this.#phase.random.forEach(({ purpose, distribution, width }, i) => {
      const key = deriveKey(seed, purpose, step);
      const fill = distribution === 'uniform' ? fillUniform : fillNormal;
      const data = this.#random[i].data as Float32Array;
      const rows = data.length / width;
      for (let row = 0; row < rows; row++) fill(key, firstOrdinal + row, data.subarray(row * width, (row + 1) * width));
    });
  }
}

/** Adds rows [B, E] to column sums [E] in row order. */
function addRows(rows: Float32Array, scalars: Float64Array): void {
  for (let i = 0; i < rows.length; i++) scalars[i % scalars.length] += rows[i];
}

function blank(dtype: TensorData['dtype'], shape: Shape): TensorData {
  return { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
}
