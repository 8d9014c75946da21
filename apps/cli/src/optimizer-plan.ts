/**
 * What a run's optimiser asks of its bundle: the groups with their parameters, the curvature of each layer, and the programs that its
 * rounds need.
 */
import type { GroupEntry, LayerEntry } from '@geodesic/engine';
import { ModelError, type LayerCurvature, type Model, type SearchPrograms } from '@geodesic/nn';
import { resolveGroups, type FrozenRunSpec, type GroupMember, type GroupSpec, type OptimizerSpec } from '@geodesic/run-spec';
import { parametersOf, requireSupported } from './curvature-support.ts';
import { groupOptions } from './group-options.ts';

/** An optimiser over a model. */
export interface OptimizerPlan {
  readonly groups: readonly GroupEntry[];
  /** Layers whose statistics are taken; others report gradients only. */
  readonly curvature: ReadonlyMap<string, LayerCurvature>;
  readonly programs: SearchPrograms;
  /** The model's layers, with what the groups say of their shared positions. */
  readonly layers: readonly LayerEntry[];
  /** Parameters whose gradients nobody needs. */
  readonly frozen: ReadonlySet<string>;
  /** The bundle's search; absent for `fixed`. */
  readonly search?: Readonly<Record<string, unknown>>;
}

/**
 * Plans the optimiser of a frozen spec.
 * @param options.wholeBatch whether every step sees every training example
 * @param options.examples rows of all slots of the largest step
 * @throws {GroupMatchError} when groups and names do not fit together
 * @throws {ModelError} naming a layer that its method cannot take
 */
export function planOptimizer(
  { optimizer }: Pick<FrozenRunSpec, 'optimizer'>,
  model: Model,
  { wholeBatch, examples }: { readonly wholeBatch: boolean; readonly examples: number },
): OptimizerPlan {
  const shares = resolveGroups(optimizer.groups, membersOf(model));
  const { groups: written, search } = optimizer;
  written.forEach((group, i) => requireSupported(group, shares[i], { model, examples }));
  const curvature = written.flatMap((group, i) => curvatureOf(group, layersOf(shares[i].layers, model), optimizer));
  const groups = written.map((group, i): GroupEntry => {
    const { name, parameters, layers } = shares[i];
    return { name, method: group.method, parameters, layers, options: groupOptions(group, shares[i], search) };
  });
  const ofLayer = new Map(curvature);
  return {
    groups,
    curvature: ofLayer,
    programs: { ...programsOf(optimizer, groups), wholeBatch },
    layers: model.layers.map((layer) => ({ ...layer, sharing: ofLayer.get(layer.name)?.sharing ?? layer.sharing })),
    frozen: new Set(groups.flatMap(({ method, parameters }) => (method === 'frozen' ? parameters : []))),
    ...(search.rule !== 'fixed' && { search: { ...search } }),
  };
}

function membersOf(model: Model): GroupMember[] {
  const owner = new Map(model.layers.flatMap((layer) => parametersOf(layer, model).map((name) => [name, layer.name] as const)));
  return model.parameters.map(({ name }): GroupMember => {
    const layer = owner.get(name);
    return layer === undefined ? { name } : { name, layer };
  });
}

function layersOf(names: readonly string[], { layers }: Model): readonly LayerEntry[] {
  const entries = new Map(layers.map((layer) => [layer.name, layer]));
  return names.map((name) => entries.get(name)!);
}

/** The statistics of a group's layers, if its method takes any. */
function curvatureOf(group: GroupSpec, layers: readonly LayerEntry[], { codec }: OptimizerSpec): (readonly [string, LayerCurvature])[] {
  const all = (curvature: LayerCurvature): (readonly [string, LayerCurvature])[] => layers.map(({ name }) => [name, curvature] as const);
  const coded = codec === null ? {} : { codec: codec.kind };
  switch (group.method) {
    case 'kfac': {
      const { dampingRule, dampingMetric = 'pullback' } = group;
      const own: LayerCurvature = { ...fisherOf(group), form: 'kronecker', ...coded };
      // K-FAC damps an embedding by pi whatever the rule for the others.
      const metric = layers.map(({ kind }) => (dampingRule === 'metric' && kind !== 'embedding' ? { dampingMetric } : {}));
      return sharedAs(
        group,
        layers,
        layers.map(({ name }, i) => [name, { ...own, ...metric[i] }] as const),
      );
    }
    case 'metric-kfac':
      return sharedAs(group, layers, all({ source: `metric-${group.form}`, form: 'kronecker', ...coded }));
    case 'ekfac':
      return sharedAs(group, layers, all({ ...fisherOf(group), form: 'eigenbasis', ...coded }));
    case 'diagonal':
      return all({ ...fisherOf(group), form: 'diagonal' });
    case 'block':
      return all({ ...fisherOf(group), form: 'dense' });
    case 'cg':
      return group.preconditioner === null ? [] : all({ ...fisherOf(group), form: 'kronecker', ...coded });
    default:
      return [];
  }
}

function fisherOf({
  fisher = 'sampled',
  samples = 1,
}: {
  readonly fisher?: LayerCurvature['source'];
  readonly samples?: number;
}): Pick<LayerCurvature, 'source' | 'samples'> {
  return { source: fisher, ...(samples > 1 && { samples }) };
}

/** Applies a group's `sharing` to the layers that have shared positions. @throws {ModelError} when none has */
function sharedAs(
  { name, sharing }: { readonly name: string; readonly sharing?: 'expand' | 'reduce' },
  layers: readonly LayerEntry[],
  curvature: readonly (readonly [string, LayerCurvature])[],
): (readonly [string, LayerCurvature])[] {
  if (sharing === undefined) return [...curvature];
  const shares = layers.map((layer) => layer.sharing !== 'none' && (layer.kind === 'dense' || layer.kind === 'conv'));
  if (!shares.includes(true)) {
    const hint = `take sharing: ${sharing} out`;
    throw new ModelError(`group ${name}`, `a dense or conv layer with shared positions for sharing ${sharing}`, `none (${hint})`);
  }
  return curvature.map(([layer, own], i) => [layer, shares[i] ? { ...own, sharing } : own] as const);
}

function programsOf({ groups = [], search, codec, probeEvery }: OptimizerSpec, entries: readonly GroupEntry[]): SearchPrograms {
  const quadratic = search.rule === 'quadratic';
  const kernels = groups.flatMap((group, i) => (group.method === 'kernel' ? [{ fisher: group.fisher, layers: entries[i].layers }] : []));
  return {
    ...(quadratic && { objective: true, quad: true, trial: true }),
    ...(groups.some(({ method }) => method === 'cg') && { product: true }),
    ...(probeEvery > 0 && { probe: true }),
    ...(groups.some((group) => 'burnIn' in group && group.burnIn > 0) && { burnin: true }),
    ...(kernels.length > 0 && { gram: { layers: kernels.flatMap(({ layers }) => layers), fisher: kernels[0].fisher } }),
    ...(codec !== null && { codecLevel: codec.level }),
  };
}
