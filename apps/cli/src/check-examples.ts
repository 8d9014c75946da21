/**
 * Refuses a model that couples examples: sums over slots are sums over the batch only if no example's part depends on another example
 * (a term that needs batch statistics must send their moments as sums). Programs are probed on a few rows, in float64:
 * per-example scalars must keep their bits when another row changes, and every sum must be the same, up to rounding, when the rows are
 * cut into two slots, which also finds coupling in a term that is no column.
 */
import { checkRowIndependence, evaluate, findNonFinite, thetaSlices, type Graph, type PhaseProgram } from '@geodesic/engine';
import { ModelError, type Model } from '@geodesic/nn';
import { makeLayout, type TensorData } from '@geodesic/tensor';
import { probeInputs } from './probe-inputs.ts';

/** Relative to the largest entry of a sum: float64 rounding stays far below, coupling far above. */
const tolerance = 1e-8;

/**
 * Checks the programs of a model, built for a slot of a few rows. `init` is exempt: its norms normalise within a slot by design.
 * @throws {CoupledExamplesError} naming the row of `examples` that changed
 * @throws {ModelError} naming the operation that makes NaN or infinity on these rows, or the sum that changes when the examples are cut
 * into other slots
 */
export function checkExamples(model: Model, phases: Readonly<Record<string, PhaseProgram>>): void {
  for (const [name, phase] of Object.entries(phases)) {
    if (name === 'init') continue;
    const { graph, random } = phase;
    const rowInputs = ['x', 'y', 'weight', ...random.map((input) => input.name)].filter((row) =>
      graph.inputs.some((input) => input.name === row),
    );
    const inputs = probeInputs(graph, model);
    requireFinite(`phase ${name} on plausible inputs`, { model, graph, inputs });
    // Phases that are nothing but sums have no output of rows; their sums are checked below.
    const rowOutputs = graph.outputs.map((output) => output.name).filter((output) => output === 'examples' || output.startsWith('rows:'));
    if (rowOutputs.length > 0) checkRowIndependence(graph, { rowInputs, rowOutputs, inputs, wholeInputs: model.features ? ['x'] : [] });
    if (phase.sums.length > 0) checkSums(name, phase, { model, inputs, rowInputs });
  }
}

interface Probe {
  readonly model: Model;
  readonly inputs: Readonly<Record<string, TensorData>>;
  readonly rowInputs: readonly string[];
}

function checkSums(phase: string, { graph, sums }: PhaseProgram, { model, inputs, rowInputs }: Probe): void {
  const together = evaluate(graph, inputs, { precision: 'float64' });
  const [first, rest] = [isFirst, (row: number): boolean => !isFirst(row)].map((keep) => {
    const kept = rowInputs.map((name): [string, TensorData] => [name, onlyRows(inputs[name], keep)]);
    const padded = { ...inputs, ...Object.fromEntries(kept) };
    // A NaN of a row of padding stays one, though it weighs nothing.
    requireFinite(`phase ${phase} with rows of padding, which are zeros`, { model, graph, inputs: padded });
    return evaluate(graph, padded, { precision: 'float64' });
  });
  for (const { name } of sums) {
    const [whole, ...parts] = [together, first, rest].map((outputs) => outputs[`sum:${name}`].data);
    const allowed = tolerance * largest(whole);
    const isSum = whole.every((value, i) => Math.abs(value - parts[0][i] - parts[1][i]) <= allowed);
    if (!isSum)
      throw new ModelError(`sum ${name} of ${phase}`, 'the sum of what its examples add in slots apart', 'a value that mixes examples');
  }
}

/** @throws {ModelError} naming the operation that makes NaN or infinity, and the layer or parameter that it is near to */
function requireFinite(
  subject: string,
  { model, graph, inputs }: { readonly model: Model; readonly graph: Graph; readonly inputs: Probe['inputs'] },
): void {
  const fault = findNonFinite(graph, inputs, { parameters: thetaSlices(graph, makeLayout(model.parameters)) });
  if (fault) throw new ModelError(subject, 'finite numbers', fault.message);
}

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((so, value) => Math.max(so, Math.abs(value)), 0);
}

const isFirst = (row: number): boolean => row === 0;

/** The value with the other rows set to zero: padding. */
function onlyRows(value: TensorData, keep: (row: number) => boolean): TensorData {
  const width = value.data.length / value.shape[0];
  return { ...value, data: value.data.map((entry, i) => (keep(Math.floor(i / width)) ? entry : 0)) };
}
