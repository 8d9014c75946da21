/**
 * From a run spec to the bundle that a run ships: the model is traced here, where the user sits; coordinator and workers get graphs
 * and tables and run nobody's code.
 */
import { openDataset } from '@geodesic/data';
import { encodeBundle, withComputeType, type Bundle, type GroupEntry, type LayerEntry } from '@geodesic/engine';
import type { EngineName } from '@geodesic/engine/executors';
import { buildPrograms, ModelError, type CurvatureMethod, type Model } from '@geodesic/nn';
import {
  freezeRunSpec,
  resolveGroups,
  slotPlan,
  totalSteps,
  type FrozenRunSpec,
  type GroupMember,
  type RunSpec,
  type UserModelSpec,
} from '@geodesic/run-spec';
import { sizeOf } from '@geodesic/tensor';
import { checkExamples } from './check-examples.ts';
import { initialCheckpoint } from './initial-checkpoint.ts';
import { requireFittingData } from './fitting-data.ts';
import { requireFittingSize } from './fitting-size.ts';
import { defaultGroups, modelOf, type RecipeRun } from './recipes.ts';
import { userModelGroups, type PreparedModel } from './user-model.ts';

/** What a person is told about a bundle before the run. */
export interface BundleSummary {
  /** P */
  readonly parameters: number;
  readonly steps: number;
  readonly groups: readonly { readonly name: string; readonly method: string; readonly layers: number; readonly parameters: number }[];
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
  const spec = frozen(written, prepared);
  const dataset = openDataset({ source: spec.data.source, validation: spec.data.validation });
  const steps = totalSteps(spec, dataset.split('train').size);
  const model = prepared?.model ?? modelOf(spec as RecipeRun, { inputs: sizeOf(dataset.featureShape), classes: dataset.classes }, steps);
  requireFittingData(model, dataset);
  requireFittingSize(model);
  const groups = groupsOf(spec, model);
  const curvature = curvatureOf(groups, model);
  const frozenParameters = new Set(groups.flatMap(({ method, parameters }) => (method === 'frozen' ? parameters : [])));
  const start = spec.init && initialCheckpoint(model.parameters, spec.init, folder);
  // The run records what it runs on, never `auto`: the engine is part of the numeric fingerprint.
  const { epochs: _epochs, ...timeless } = spec;
  const engine = spec.engine === 'auto' ? best : spec.engine;
  const resolved = { ...timeless, steps, engine, ...(start && { init: start.init }) };
  const { slotExamples: slotSize } = slotPlan(spec.batch);
  const programs = inComputeType(
    buildPrograms({ model, slotSize, curvature, frozen: frozenParameters, ...(start && { given: start.given }) }),
    spec.compute,
  );
  // Batch norms mix examples by their moments, as they declare; with committed moments nothing else may.
  const gradientsOf = model.coupling === 'moments' ? 'evaluation' : 'training';
  checkExamples(model, buildPrograms({ model, slotSize: probeRows, curvature, frozen: frozenParameters, gradientsOf }).phases);
  const bundle: Bundle = {
    version: 1,
    spec: resolved,
    slotSize,
    parameters: start?.parameters ?? model.parameters,
    layers: model.layers,
    state: model.state,
    groups,
    ...programs,
  };
  return { bundle: encodeBundle(bundle), spec, summary: summarise(model, groups, steps) };
}

/** Programs whose products read operands of the type that the spec asks. */
function inComputeType<T extends Pick<Bundle, 'phases'>>(programs: T, compute: RunSpec['compute']): T {
  if (compute === 'float32') return programs;
  const phases = Object.entries(programs.phases).map(([name, phase]) => [name, { ...phase, graph: withComputeType(phase.graph, compute) }]);
  return { ...programs, phases: Object.fromEntries(phases) };
}

/** The spec with its groups written out; a user's model also with the digest of its files. */
function frozen(written: RunSpec, prepared: PreparedModel | undefined): FrozenRunSpec {
  if (prepared === undefined) return freezeRunSpec(written, { defaultGroups });
  const model = { ...(written.model as UserModelSpec), digest: prepared.digest };
  return freezeRunSpec({ ...written, model }, { defaultGroups: () => userModelGroups(prepared.model) });
}

function groupsOf(spec: FrozenRunSpec, model: Model): GroupEntry[] {
  const owner = new Map(model.layers.flatMap((layer) => parametersOf(layer, model).map((name) => [name, layer.name] as const)));
  const members = model.parameters.map(({ name }): GroupMember => {
    const layer = owner.get(name);
    return layer === undefined ? { name } : { name, layer };
  });
  return resolveGroups(spec.optimizer.groups, members).map(({ name, parameters, layers }, i) => {
    const { name: _name, match: _match, method, ...options } = spec.optimizer.groups[i];
    return { name, method, parameters, layers, options };
  });
}

/** A layer's weight and, where it has one, its bias: the next parameter. */
function parametersOf({ weight, bias }: LayerEntry, { parameters }: Model): string[] {
  const at = parameters.findIndex(({ name }) => name === weight);
  return parameters.slice(at, at + (bias ? 2 : 1)).map(({ name }) => name);
}

function curvatureOf(groups: readonly GroupEntry[], model: Model): Map<string, CurvatureMethod> {
  const curved = groups.filter((group): group is GroupEntry & { method: CurvatureMethod } => group.method.endsWith('kfac'));
  const kinds = new Map(model.layers.map(({ name, kind }) => [name, kind]));
  for (const { name, method, layers } of curved) {
    const odd = layers.find((layer) => kinds.get(layer) === 'embedding' || kinds.get(layer) === 'norm');
    if (odd === undefined) continue;
    const hint = 'move it to an adam, sgd or frozen group';
    throw new ModelError(odd, `a layer of kind dense or conv for method ${method} of group ${name}`, `kind ${kinds.get(odd)} (${hint})`);
  }
  return new Map(curved.flatMap(({ layers, method }) => layers.map((layer) => [layer, method] as const)));
}

function summarise(model: Model, groups: readonly GroupEntry[], steps: number): BundleSummary {
  const sizes = new Map(model.parameters.map(({ name, shape }) => [name, sizeOf(shape)]));
  const count = (names: readonly string[]): number => names.reduce((sum, name) => sum + sizes.get(name)!, 0);
  return {
    parameters: count([...sizes.keys()]),
    steps,
    groups: groups.map(({ name, method, layers, parameters }) => ({ name, method, layers: layers.length, parameters: count(parameters) })),
  };
}
