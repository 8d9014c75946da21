/**
 * From a run spec to the bundle that a run ships: the model is traced here, where the user sits; coordinator and workers get graphs
 * and tables and run nobody's code.
 */
import { openDataset } from '@geodesic/data';
import { encodeBundle, type Bundle, type GroupEntry, type LayerEntry } from '@geodesic/engine';
import { buildPrograms, type ClassifierModel, type CurvatureMethod } from '@geodesic/nn';
import { freezeRunSpec, resolveGroups, slotPlan, totalSteps, type FrozenRunSpec, type GroupMember, type RunSpec } from '@geodesic/run-spec';
import { sizeOf } from '@geodesic/tensor';
import { checkExamples } from './check-examples.ts';
import { defaultGroups, modelOf } from './recipes.ts';

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
 * @throws {RunSpecError | GroupMatchError | ModelError | TraceError | CoupledExamplesError} what is wrong with spec or model
 */
export function buildBundle(written: RunSpec): BuiltBundle {
  const spec = freezeRunSpec(written, { defaultGroups });
  const dataset = openDataset({ source: spec.data.source, validation: spec.data.validation });
  const steps = totalSteps(spec, dataset.split('train').size);
  const model = modelOf(spec, { inputs: sizeOf(dataset.featureShape), classes: dataset.classes }, steps);
  const groups = groupsOf(spec, model);
  const curvature = curvatureOf(groups);
  // The run records what it runs on, never `auto`: the engine is part of the numeric fingerprint.
  const { epochs: _epochs, ...timeless } = spec;
  const resolved = { ...timeless, steps, engine: spec.engine === 'auto' ? ('onnx-cpu' as const) : spec.engine };
  const { slotExamples: slotSize } = slotPlan(spec.batch);
  const { labelSmoothing } = spec.loss;
  const programs = buildPrograms({ model, slotSize, curvature, labelSmoothing });
  checkExamples(model, buildPrograms({ model, slotSize: probeRows, curvature, labelSmoothing }).phases);
  const bundle: Bundle = {
    version: 1,
    spec: resolved,
    slotSize,
    parameters: model.parameters,
    layers: model.layers,
    state: model.state,
    groups,
    ...programs,
  };
  return { bundle: encodeBundle(bundle), spec, summary: summarise(model, groups, steps) };
}

function groupsOf(spec: FrozenRunSpec, model: ClassifierModel): GroupEntry[] {
  const owner = new Map(model.layers.flatMap((layer) => parametersOf(layer).map((name) => [name, layer.name] as const)));
  const members = model.parameters.map(({ name }): GroupMember => {
    const layer = owner.get(name);
    return layer === undefined ? { name } : { name, layer };
  });
  return resolveGroups(spec.optimizer.groups, members).map(({ name, parameters, layers }, i) => {
    const { name: _name, match: _match, method, ...options } = spec.optimizer.groups[i];
    return { name, method, parameters, layers, options };
  });
}

function parametersOf(layer: LayerEntry): string[] {
  return layer.bias ? [layer.weight, layer.weight.replace(/weight$/, 'bias')] : [layer.weight];
}

function curvatureOf(groups: readonly GroupEntry[]): Map<string, CurvatureMethod> {
  const curved = groups.filter((group): group is GroupEntry & { method: CurvatureMethod } => group.method.endsWith('kfac'));
  return new Map(curved.flatMap(({ layers, method }) => layers.map((layer) => [layer, method] as const)));
}

function summarise(model: ClassifierModel, groups: readonly GroupEntry[], steps: number): BundleSummary {
  const sizes = new Map(model.parameters.map(({ name, shape }) => [name, sizeOf(shape)]));
  const count = (names: readonly string[]): number => names.reduce((sum, name) => sum + sizes.get(name)!, 0);
  return {
    parameters: count([...sizes.keys()]),
    steps,
    groups: groups.map(({ name, method, layers, parameters }) => ({ name, method, layers: layers.length, parameters: count(parameters) })),
  };
}
