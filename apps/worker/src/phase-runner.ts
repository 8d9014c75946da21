/**
 * One phase's program, compiled for one slot: fills the rows, runs the graph, and packs what comes out into the vectors that travel.
 * E columns of per-example scalars.
 */
import {
  packRows,
  packSums,
  programSumsLength,
  type DeviceValue,
  type Executor,
  type NamedTensors,
  type PhaseProgram,
  type Program,
} from '@geodesic/engine';
import type { Shape, TensorData } from '@geodesic/tensor';
import { RowBuffers, countExamples, type SlotRows } from './slot-rows.ts';

/** What one slot adds to a step: sums, never means. */
export interface SlotSums {
  /** Real examples. */
  readonly count: number;
  /** Column sums in float64, added in example order: [E]. */
  readonly scalars: Float64Array;
  /** All sums one after the other, symmetric ones as their upper triangle; then the tables of rows. */
  readonly sums: Float32Array;
}

/** The flat vectors that every slot of a round shares, by the name of their input; on a device where the executor has one. */
export interface SharedInputs {
  readonly theta: TensorData | DeviceValue;
  readonly state: TensorData | DeviceValue;
  readonly [vector: string]: TensorData | DeviceValue;
}

/** What rows look like. */
export interface RowShape {
  readonly slotSize: number;
  readonly featureShape: Shape;
}

/** A compiled phase. */
export class PhaseRunner {
  readonly #phase: PhaseProgram;
  readonly #program: Program;
  readonly #rows: RowBuffers;
  /** E */
  readonly scalarsLength: number;

  private constructor(phase: PhaseProgram, program: Program, rows: RowShape) {
    this.#phase = phase;
    this.#program = program;
    this.#rows = new RowBuffers(phase, rows);
    this.scalarsLength = phase.columns.length;
  }

  /** Compiles a phase's graph on an executor. */
  static async compile(phase: PhaseProgram, executor: Executor, rows: RowShape): Promise<PhaseRunner> {
    return new PhaseRunner(phase, await executor.compile(phase.graph), rows);
  }

  /** Computes the sums of one slot; a slot of padding only is the empty sum and runs nothing. */
  async run(rows: SlotRows, shared: SharedInputs): Promise<SlotSums> {
    const count = countExamples(rows);
    const scalars = new Float64Array(this.scalarsLength);
    const sums = new Float32Array(programSumsLength(this.#phase, rows.roundRows));
    if (count === 0) return { count, scalars, sums };
    this.#rows.fill(rows);
    const available: Record<string, TensorData | DeviceValue> = { ...this.#rows.inputs, ...shared };
    const inputs = Object.fromEntries(this.#phase.graph.inputs.map(({ name }) => [name, available[name]]));
    // A value on a device comes from the executor that compiled the program, which takes it.
    const outputs = await this.#program.run(inputs as NamedTensors);
    if (outputs.examples) addRows(outputs.examples.data as Float32Array, scalars);
    packSums(this.#phase.sums, outputs, sums);
    packRows(this.#phase, outputs, { ...rows, flat: sums });
    return { count, scalars, sums };
  }
}

/** Adds rows [B, E] to column sums [E] in row order. */
export function addRows(rows: Float32Array, scalars: Float64Array): void {
  const columns = scalars.length;
  for (let row = 0; row < rows.length; row += columns) for (let i = 0; i < columns; i++) scalars[i] += rows[row + i];
}
