/**
 * The path of a run in float64: programs by the reference interpreter, nothing rounded, so that identities of whole trajectories can be
 * seen. The examples are given, and so are the random numbers of each, which belong to it wherever it stands in the batch. B examples.
 */
import { evaluate, type Graph, type PhaseProgram } from '@geodesic/engine';
import { createOptimizer, type GroupConfig, type RoundRequest, type RoundTotals, type SearchConfig } from '@geodesic/natural-gradient';
import { buildPrograms, type Model } from '@geodesic/nn';
import { deriveKey, fillNormal, fillUniform } from '@geodesic/random';
import { freezeRunSpec } from '@geodesic/run-spec';
import { entryOf, makeLayout, sizeOf, type TensorData } from '@geodesic/tensor';
import { planOptimizer } from '../src/optimizer-plan.ts';
import { specOf } from './run-in-process.ts';

/** What is trained, on what, from where. */
export interface Problem {
  readonly model: Model;
  /** [B][D] */
  readonly x: readonly (readonly number[])[];
  /** [B] labels; absent for targets that are the features. */
  readonly y?: readonly number[];
  /** Which random numbers an example has; default: its position. */
  readonly keys?: readonly number[];
  readonly theta: Float64Array;
  /** Parts of the batch whose sums are added; default 1. */
  readonly parts?: number;
}

/** A run. */
export interface Training {
  readonly steps: number;
  /** The section of the spec; one group's options do for all parameters. */
  readonly optimizer: { readonly group?: object | undefined; readonly groups?: readonly object[]; readonly search?: object | undefined };
}

/** Where a run has been. */
export interface Trajectory {
  /** The loss of every example before each step, and after the last. */
  readonly losses: readonly (readonly number[])[];
  readonly theta: Float64Array;
}

/** Trains. */
export function trajectory(
  { model, x, y, keys = x.map((_, i) => i), theta, parts = 1 }: Problem,
  { steps, optimizer }: Training,
): Trajectory {
  const { group, groups = [{ name: 'all', match: ['**'], ...group }], search } = optimizer;
  const rows = x.length / parts;
  const batch = { examples: x.length, slots: 1 };
  const written = { name: 'trajectory', seed: 1, model: { module: './model.mjs' }, data: { source: 'digits' }, batch, steps };
  const spec = freezeRunSpec(specOf({ ...written, optimizer: { groups, ...(search && { search }) } }));
  const plan = planOptimizer(spec, model, { wholeBatch: false, examples: x.length });
  const { phases } = buildPrograms({ model, slotSize: rows, curvature: plan.curvature, search: plan.programs, frozen: plan.frozen });
  const layout = makeLayout(model.parameters);
  const created = createOptimizer({
    groups: plan.groups.map(({ options, ...rest }) => ({ ...rest, ...options }) as unknown as GroupConfig),
    layers: plan.layers.map((layer) => ({ ...layer, offset: entryOf(layout, layer.weight).offset })),
    parameters: layout,
    totalSteps: steps,
    precision: 'float64',
    search: plan.search as unknown as SearchConfig | undefined,
  });

  let at = theta;
  let previous = new Float64Array(layout.size);
  const losses: number[][] = [];
  const runOn = (program: PhaseProgram, request: RoundRequest, step: number): readonly Record<string, TensorData>[] =>
    Array.from({ length: parts }, (_, part) => {
      const own = Array.from({ length: rows }, (_, row) => part * rows + row);
      const values = valuesOf(program, {
        request,
        step,
        at,
        previous,
        x: own.map((i) => x[i]),
        y: own.map((i) => y?.[i] ?? 0),
        keys: own.map((i) => keys[i]),
      });
      return evaluate(program.graph, values, { precision: 'float64' });
    });
  const lossesAt = (step: number): void => {
    const found = runOn(phases.grad, { program: 'grad' }, step);
    losses.push(found.flatMap((outputs) => columnsOf(phases.grad, outputs)[phases.grad.columns.indexOf('loss')]));
  };

  let state = created.initialState();
  for (let step = 1; step <= steps; step++) {
    lossesAt(step);
    const rounds = created.step(state, { step, parameters: at });
    let next = rounds.next();
    while (next.done !== true) {
      const { program } = next.value;
      next = rounds.next(totalsOf(phases[program], runOn(phases[program], next.value, step), x.length));
    }
    const { delta } = next.value;
    state = next.value.state;
    at = at.map((value, i) => value + delta[i]);
    previous = Float64Array.from(delta);
  }
  lossesAt(steps + 1);
  return { losses, theta: at };
}

/** The largest difference of two runs' losses, relative to the largest loss. */
export function distance(a: Trajectory, b: Trajectory): number {
  const [one, other] = [a.losses.flat(), b.losses.flat()];
  const scale = one.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0) / scale;
}

interface Values {
  readonly request: RoundRequest;
  readonly step: number;
  readonly at: Float64Array;
  readonly previous: Float64Array;
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly keys: readonly number[];
}

function valuesOf({ graph, random }: PhaseProgram, { request, step, at, previous, x, y, keys }: Values): Record<string, TensorData> {
  const { move, vectors = {} } = request;
  const theta = move ? at.map((value, i) => value + move.alpha * move.direction[i] + move.mu * previous[i]) : at;
  const draws = new Map(random.map((input) => [input.name, input]));
  const dataOf = (name: string, size: number): Float64Array => {
    const input = draws.get(name);
    if (name === 'theta') return theta;
    if (name === 'previous') return previous;
    if (name === 'state') return new Float64Array(size);
    if (name === 'x') return Float64Array.from(x.flat());
    if (name === 'y') return Float64Array.from(y);
    if (name === 'weight') return new Float64Array(size).fill(1);
    if (name.startsWith('vector:')) return Float64Array.from(vectors[name.slice('vector:'.length)]);
    if (input === undefined) throw new Error(`expected a known input, got ${name}`);
    const fill = input.distribution === 'uniform' ? fillUniform : fillNormal;
    const out = new Float64Array(size);
    keys.forEach((key, row) => fill(deriveKey(7, input.purpose, step), key, out.subarray(row * input.width, (row + 1) * input.width)));
    return out;
  };
  const tensorOf = ({ shape, dtype }: Graph['nodes'][number], name: string): TensorData => {
    const data = dataOf(name, sizeOf(shape));
    return dtype === 'int32' ? { dtype, shape, data: Int32Array.from(data) } : { dtype: 'float64', shape, data };
  };
  return Object.fromEntries(graph.inputs.map(({ name, id }) => [name, tensorOf(graph.nodes[id], name)]));
}

/** Each column's entries. */
function columnsOf({ columns }: PhaseProgram, outputs: Readonly<Record<string, TensorData>>): number[][] {
  const table = outputs.examples as TensorData | undefined;
  const width = columns.length;
  return columns.map((_, c) => Array.from({ length: table!.data.length / width }, (_, row) => table!.data[row * width + c]));
}

/** Sums over the parts; gathered rows one part after the other. */
function totalsOf(program: PhaseProgram, parts: readonly Readonly<Record<string, TensorData>>[], count: number): RoundTotals {
  const columns = new Map(
    program.columns.map((name, c) => [name, parts.flatMap((part) => columnsOf(program, part)[c]).reduce((sum, value) => sum + value, 0)]),
  );
  const sums = new Map<string, Float64Array>();
  for (const name of Object.keys(parts[0]).filter((output) => output !== 'examples')) {
    const all = parts.map((part) => Float64Array.from(part[name].data));
    if (name.startsWith('rows:')) sums.set(name, Float64Array.from(all.flatMap((part) => [...part])));
    else
      sums.set(
        name.replace(/^sum:/, ''),
        all.reduce((sum, part) => sum.map((value, i) => value + part[i])),
      );
  }
  return { count, columns, sums };
}
