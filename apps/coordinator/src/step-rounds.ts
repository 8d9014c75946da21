/**
 * A step of the optimiser as rounds of the cluster: what a request's program reads beside the parameters, and what a total is to it.
 */
import type { Contribution, PlannedInputs } from '@geodesic/cluster';
import { readSums, type PhaseProgram } from '@geodesic/engine';
import type { FloatArray, RoundRequest, RoundTotals } from '@geodesic/natural-gradient';
import { sizeOf } from '@geodesic/tensor';

/** How a round is called on the wire: `<program>`, or `<program>/<index>`. */
export function phaseOf({ program, index }: Pick<RoundRequest, 'program' | 'index'>): string {
  return index === undefined ? program : `${program}/${index}`;
}

/** What a program is called whose phase this is. */
export function programOf(phase: string): string {
  return phase.split('/')[0];
}

/** A total as the optimiser takes it: sums by name, none of them divided. */
export function totalsOf({ columns, sums, rows }: PhaseProgram, total: Contribution): RoundTotals {
  return {
    count: total.count,
    columns: new Map(columns.map((column, i) => [column, total.scalars[i]])),
    sums: readSums(sums, total.sums, rows),
  };
}

/** The vectors of a request, and zeros for those that its program declares and nobody wants filled; undefined where there is nothing. */
export function inputsOf({ graph }: PhaseProgram, { vectors = {}, move }: RoundRequest): PlannedInputs | undefined {
  const planned: Record<string, Float32Array> = Object.fromEntries(
    Object.entries(vectors).map(([name, vector]) => [name, asFloat32(vector)]),
  );
  for (const { name: input, id } of graph.inputs) {
    const name = input.startsWith('vector:') ? input.slice('vector:'.length) : undefined;
    if (name !== undefined && !(name in planned)) planned[name] = zeros(sizeOf(graph.nodes[id].shape));
  }
  if (Object.keys(planned).length === 0 && move === undefined) return undefined;
  const { direction, alpha, mu } = move ?? { direction: undefined, alpha: 0, mu: 0 };
  return { vectors: planned, ...(direction && { move: { direction: asFloat32(direction), alpha, mu } }) };
}

const converted = new WeakMap<Float64Array, Float32Array>();
const zerosOfLength = new Map<number, Float32Array>();

/** As vectors travel; equal arrays give one array, so that it is hashed once. */
export function asFloat32(vector: FloatArray): Float32Array {
  if (vector instanceof Float32Array) return vector;
  const known = converted.get(vector) ?? new Float32Array(vector);
  converted.set(vector, known);
  return known;
}

function zeros(length: number): Float32Array {
  const known = zerosOfLength.get(length) ?? new Float32Array(length);
  zerosOfLength.set(length, known);
  return known;
}
