/**
 * From a run spec to the bundle that a run ships: the model is traced here, where the user sits; coordinator and workers get graphs
 * and tables and run nobody's code.
 */
import { encodeBundle, withComputeType, type Bundle } from '@geodesic/engine';
import type { EngineName } from '@geodesic/engine/executors';
import { buildPrograms, type Model } from '@geodesic/nn';
import type { FrozenRunSpec, RunSpec } from '@geodesic/run-spec';
import { sizeOf } from '@geodesic/tensor';
import { checkExamples } from './check-examples.ts';
import { initialCheckpoint } from './initial-checkpoint.ts';
import { layerSummaries, type LayerSummary } from './layer-summary.ts';
import type { OptimizerPlan } from './optimizer-plan.ts';
import { planRun } from './plan-run.ts';
import type { PreparedModel } from './user-model.ts';

/** What a person is told about a bundle before the run. */
export interface BundleSummary {
  /** P */
  readonly parameters: number;
  readonly steps: number;
  readonly groups: readonly { readonly name: string; readonly method: string; readonly layers: number; readonly parameters: number }[];
  /** The layers with a curvature, in the order of theta. */
  readonly curvature: readonly LayerSummary[];
}

/** A bundle's bytes, the spec that it froze, and its summary. */
export interface BuiltBundle {
  readonly bundle: Uint8Array;
  readonly spec: FrozenRunSpec;
  readonly summary: BundleSummary;
}

/** Rows of the small graphs on which the independence of examples is checked. */
const probeRows = 3;

/**
 * Freezes a spec, traces its model and encodes the bundle.
 * @param prepared the opened model, where the user brings it; see `prepareUserModel`
 * @param options.folder where the paths of the spec start; default the working folder
 * @param options.engine what `auto` stands for; default onnx-cpu, which every installation has
 * @throws {RunSpecError | GroupMatchError | ModelError | TraceError | CoupledExamplesError} what is wrong with spec or model
 * @throws {CliError} when the checkpoint that the run begins from does not fit
 */
export function buildBundle(
  written: RunSpec,
  prepared?: PreparedModel,
  { folder = '.', engine: best = 'onnx-cpu' }: { folder?: string; engine?: EngineName } = {},
): BuiltBundle {
  const { spec, model, plan, steps, slotSize, examples } = planRun(written, prepared, folder);
  const start = spec.init && initialCheckpoint(model.parameters, spec.init, folder);
  // The run records what it runs on, never `auto`: the engine is part of the numeric fingerprint.
  const { epochs: _epochs, ...timeless } = spec;
  const engine = spec.engine === 'auto' ? best : spec.engine;
  const resolved = { ...timeless, steps, engine, ...(start && { init: start.init }) };
  const { curvature, programs: search, frozen: unmoved } = plan;
  const built = buildPrograms({ model, slotSize, curvature, search, frozen: unmoved, ...(start && { given: start.given }) });
  const { constantInputs, ...programs } = inComputeType(built, spec.compute);
  // Batch norms mix examples by their moments, as they declare; with committed moments nothing else may.
  const gradientsOf = model.coupling === 'moments' ? 'evaluation' : 'training';
  checkExamples(model, buildPrograms({ model, slotSize: probeRows, curvature, search, frozen: unmoved, gradientsOf }).phases);
  const bundle: Bundle = {
    version: 1,
    spec: resolved,
    slotSize,
    parameters: start?.parameters ?? model.parameters,
    layers: plan.layers.map((layer) => (constantInputs.includes(layer.name) ? { ...layer, constantInputs: true } : layer)),
    state: model.state,
    groups: plan.groups,
    ...(plan.search && { search: plan.search }),
    ...programs,
  };
  return {
    bundle: encodeBundle(bundle),
    spec,
    summary: { ...summarise(model, plan, steps), curvature: layerSummaries(plan, programs.phases, { examples }) },
  };
}

/** Programs whose products read operands of the type that the spec asks. */
function inComputeType<T extends Pick<Bundle, 'phases'>>(programs: T, compute: RunSpec['compute']): T {
  if (compute === 'float32') return programs;
  const phases = Object.entries(programs.phases).map(([name, phase]) => [name, { ...phase, graph: withComputeType(phase.graph, compute) }]);
  return { ...programs, phases: Object.fromEntries(phases) };
}

function summarise(model: Model, { groups }: OptimizerPlan, steps: number): Omit<BundleSummary, 'curvature'> {
  const sizes = new Map(model.parameters.map(({ name, shape }) => [name, sizeOf(shape)]));
  const count = (names: readonly string[]): number => names.reduce((sum, name) => sum + sizes.get(name)!, 0);
  return {
    parameters: count([...sizes.keys()]),
    steps,
    groups: groups.map(({ name, method, layers, parameters }) => ({ name, method, layers: layers.length, parameters: count(parameters) })),
  };
}
