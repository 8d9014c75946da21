/** Access to the cases of the golden file on low-rank metrics: arrays by name, and row s of a batch. */
import { flat, loadGolden, type Nested } from '@geodesic/testing';

const { cases } = loadGolden('02_lowrank_metric');

/** One case: flat arrays of its inputs and outputs, samples of batches, its tolerance. */
export interface Case {
  readonly tolerance: { readonly abs: number; readonly rel: number };
  input(name: string): Float64Array;
  output(name: string): Float64Array;
  /** Sample `s` of a batch among the inputs. */
  inputAt(name: string, s: number): Float64Array;
  /** Sample `s` of a batch among the outputs. */
  outputAt(name: string, s: number): Float64Array;
}

/** Opens a case by its name. */
export function goldenCase(name: string): Case {
  const { inputs, outputs, tol } = cases[name];
  const sample = (nested: Nested, s: number) => Float64Array.from(flat((nested as readonly Nested[])[s]));
  return {
    tolerance: { abs: tol.abs, rel: tol.rel },
    input: (key) => Float64Array.from(flat(inputs[key])),
    output: (key) => Float64Array.from(flat(outputs[key])),
    inputAt: (key, s) => sample(inputs[key], s),
    outputAt: (key, s) => sample(outputs[key], s),
  };
}

/** Samples in every batch of the file. */
export const samples: readonly number[] = [0, 1, 2, 3];
