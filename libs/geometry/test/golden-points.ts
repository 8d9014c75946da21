/** Access to the golden files on geometry (03, 04, 05), whose cases hold one value for each of some points. */
import { flat, loadGolden, type Nested } from '@geodesic/testing';

/** A case at one of its points. */
export interface GoldenPoint {
  readonly name: string;
  readonly x: Float64Array;
  readonly tolerance: { readonly abs: number; readonly rel: number };
  input(key: string): Float64Array;
  output(key: string): Float64Array;
}

/** All points of a case; `pointKey` names the input whose rows they are. */
export function goldenPoints(file: string, name: string, pointKey = 'points'): GoldenPoint[] {
  const { inputs, outputs, tol } = loadGolden(file).cases[name];
  const row = (nested: Nested, i: number) => Float64Array.from(flat((nested as readonly Nested[])[i]));
  return (inputs[pointKey] as readonly Nested[]).map((_, i) => ({
    name: `${name} ${i}`,
    x: row(inputs[pointKey], i),
    tolerance: { abs: tol.abs, rel: tol.rel ?? 0 },
    input: (key) => row(inputs[key], i),
    output: (key) => row(outputs[key], i),
  }));
}

/** All cases of a file. */
export function goldenNames(file: string): string[] {
  return Object.keys(loadGolden(file).cases);
}
