/**
 * Row independence: sums over slots add up to sums over the batch only if no example's outputs depend on another example.
 * The check perturbs one row of the inputs and demands that all other rows of the outputs keep their bits.
 */
import { sizeOf, type TensorData } from '@geodesic/tensor';
import { CoupledExamplesError, ProgramInputError } from './errors.ts';
import { evaluate, type NamedTensors } from './evaluate.ts';
import { describeType, isFloat, type Graph } from './graph.ts';

/** What is checked: names of inputs and outputs whose first axis counts examples, and a point to check at. */
export interface RowIndependenceOptions {
  readonly rowInputs: readonly string[];
  readonly rowOutputs: readonly string[];
  /** Values of all inputs; at least two rows, generic (not all zero). */
  readonly inputs: NamedTensors;
  /** Float inputs that hold whole numbers of a range: their rows are changed to other rows' values, not shifted. */
  readonly wholeInputs?: readonly string[];
}

/**
 * Interprets a graph at the given inputs and again with its middle row changed.
 * @throws {CoupledExamplesError} naming an output that changed in another row
 * @throws {ProgramInputError} when a row input is missing or has fewer than two rows
 */
export function checkRowIndependence(graph: Graph, options: RowIndependenceOptions): void {
  const rows = countRows(options);
  const row = rows >> 1;
  const perturbed = Object.fromEntries(
    Object.entries(options.inputs).map(([name, value]) => {
      const shift = isFloat(value.dtype) && !options.wholeInputs?.includes(name);
      return [name, options.rowInputs.includes(name) ? perturbRow(value, { row, rows, shift }) : value];
    }),
  );
  const before = evaluate(graph, options.inputs, { precision: 'float64' });
  const after = evaluate(graph, perturbed, { precision: 'float64' });
  for (const output of options.rowOutputs) {
    const changed = changedRow({ before: before[output].data, after: after[output].data, rows, except: row });
    if (changed !== undefined) throw new CoupledExamplesError(output, row, changed);
  }
}

function countRows({ rowInputs, inputs }: RowIndependenceOptions): number {
  const counts = rowInputs.map((name) => {
    const value = inputs[name] as TensorData | undefined;
    if (value && value.shape.length > 0 && value.shape[0] > 1) return value.shape[0];
    throw new ProgramInputError(name, 'a value of two rows or more', value ? describeType(value) : 'nothing');
  });
  const odd = counts.findIndex((count) => count !== counts[0]);
  if (odd > 0) throw new ProgramInputError(rowInputs[odd], `${counts[0]} rows`, `${counts[odd]} rows`);
  if (counts.length === 0) throw new ProgramInputError('rowInputs', 'at least one name', 'none');
  return counts[0];
}

/** Changes a row: by an irregular shift, or by taking over the values of the next row. */
function perturbRow(value: TensorData, { row, rows, shift }: { row: number; rows: number; shift: boolean }): TensorData {
  const width = sizeOf(value.shape) / rows;
  const data = value.data.slice();
  const from = ((row + 1) % rows) * width;
  for (let i = 0; i < width; i++) {
    data[row * width + i] = shift ? value.data[row * width + i] + 0.37 + 0.11 * Math.sin(i + 1) : value.data[from + i];
  }
  return { ...value, data };
}

function changedRow(options: { before: ArrayLike<number>; after: ArrayLike<number>; rows: number; except: number }): number | undefined {
  const { before, after, rows, except } = options;
  const width = before.length / rows;
  for (let i = 0; i < before.length; i++) {
    const row = Math.floor(i / width);
    if (row !== except && !Object.is(before[i], after[i])) return row;
  }
  return undefined;
}
