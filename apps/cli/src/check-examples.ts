/**
 * Refuses a model that couples examples: sums over slots are sums over the batch only if no example's part depends on another example
 * (a term that needs batch statistics must send their moments as sums). Programs are probed on a few rows, in float64:
 * per-example scalars must keep their bits when another row changes, and every sum must be the same, up to rounding, when the rows are
 * cut into two slots, which also finds coupling in a term that is no column.
 */
import { checkRowIndependence, evaluate, type PhaseProgram } from '@geodesic/engine';
import { ModelError, type Model } from '@geodesic/nn';
import type { TensorData } from '@geodesic/tensor';
import { probeInputs } from './probe-inputs.ts';

/** Relative to the largest entry of a sum: float64 rounding stays far below, coupling far above. */
const tolerance = 1e-8;

/**
 * Checks the programs of a model, built for a slot of a few rows. `init` is exempt: its norms normalise within a slot by design.
 * @throws {CoupledExamplesError} naming the row of `examples` that changed
 * @throws {ModelError} naming the sum that changes when the examples are cut into other slots
 */
export function checkExamples(model: Model, phases: Readonly<Record<string, PhaseProgram>>): void {
  for (const [name, phase] of Object.entries(phases)) {
    if (name === 'init') continue;
    const { graph, random } = phase;
    const rowInputs = ['x', 'y', 'weight', ...random.map((input) => input.name)].filter((row) =>
      graph.inputs.some((input) => input.name === row),
    );
    const inputs = probeInputs(graph, model);
    checkRowIndependence(graph, { rowInputs, rowOutputs: ['examples'], inputs, wholeInputs: model.features ? ['x'] : [] });
    if (phase.sums.length > 0) checkSums(name, phase, { inputs, rowInputs });
  }
}

interface Probe {
  readonly inputs: Readonly<Record<string, TensorData>>;
  readonly rowInputs: readonly string[];
}

function checkSums(phase: string, { graph, sums }: PhaseProgram, { inputs, rowInputs }: Probe): void {
  const together = evaluate(graph, inputs, { precision: 'float64' });
  const [first, rest] = [isFirst, (row: number): boolean => !isFirst(row)].map((keep) => {
    const kept = rowInputs.map((name): [string, TensorData] => [name, onlyRows(inputs[name], keep)]);
    return evaluate(graph, { ...inputs, ...Object.fromEntries(kept) }, { precision: 'float64' });
  });
  for (const { name } of sums) {
    const [whole, ...parts] = [together, first, rest].map((outputs) => outputs[`sum:${name}`].data);
    const allowed = tolerance * largest(whole);
    const isSum = whole.every((value, i) => Math.abs(value - parts[0][i] - parts[1][i]) <= allowed);
    if (!isSum)
      throw new ModelError(`sum ${name} of ${phase}`, 'the sum of what its examples add in slots apart', 'a value that mixes examples');
  }
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
