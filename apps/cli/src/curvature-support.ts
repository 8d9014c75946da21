/**
 * Which layers a method can take: refused here, where the user sits, with the name of the layer and what to do about it.
 */
import type { LayerEntry } from '@geodesic/engine';
import { checkKernelSize, supportedKinds } from '@geodesic/natural-gradient';
import { ModelError, requireBlockSize, requireRoots, type Model } from '@geodesic/nn';
import { GroupMatchError, type GroupSpec, type ResolvedGroup } from '@geodesic/run-spec';
import { isNatural } from './group-options.ts';
import { matrixOf } from './layer-matrix.ts';

type Kind = LayerEntry['kind'];

/**
 * Refuses what a group's method has no curvature of.
 * @param options.examples rows of all slots of the largest step
 * @throws {ModelError} naming the layer or parameter
 * @throws {GroupMatchError} naming a kernel group whose Gram matrix, or the rows that it is made of, would be too large
 */
export function requireSupported(
  group: GroupSpec,
  share: ResolvedGroup,
  { model, examples }: { readonly model: Model; readonly examples: number },
): void {
  const kinds = kindsFor(group);
  if (kinds === undefined) return;
  const entries = new Map(model.layers.map((layer) => [layer.name, layer]));
  const layers = share.layers.map((name) => entries.get(name)!);
  const method = `method ${group.method} of group ${group.name}`;
  const odd = layers.find(({ kind }) => !kinds.includes(kind));
  if (odd !== undefined)
    throw new ModelError(
      odd.name,
      `a layer of kind ${kinds.join(' or ')} for ${method}`,
      `kind ${odd.kind} (move it to a group of ${group.method === 'kfac' ? 'dampingRule pi' : 'kfac'}, adam, sgd or frozen)`,
    );
  if (pullsMetricBack(group)) requireCharts(layers, { model, method });
  requireWholeLayers(share, layers, { model, method });
  for (const layer of layers) {
    const { rows, columns } = matrixOf(layer);
    if (group.method === 'block') requireBlockSize(layer.name, rows * columns);
    if ('fisher' in group && group.fisher === 'exact') requireRoots(layer.name, model.task);
  }
  if (group.method !== 'kernel') return;
  requireKernelLayers(layers, { model, method });
  const issue = checkKernelSize({ examples, layers: layers.map(matrixOf) });
  if (issue !== undefined) throw new GroupMatchError(`optimizer.groups.${group.name}: ${issue}`, group.name);
}

/** The kinds of layers that a group can hold; undefined where it takes any parameters. */
function kindsFor(group: GroupSpec): readonly Kind[] | undefined {
  if (group.method === 'kernel') return ['dense'];
  if (group.method === 'cg') return group.preconditioner === null ? undefined : supportedKinds(group.preconditioner);
  if (!isNatural(group)) return undefined;
  const kinds = supportedKinds(group.method);
  // A norm has no output factor that a metric could damp.
  return group.method === 'kfac' && group.dampingRule === 'metric' ? kinds.filter((kind) => kind !== 'norm') : kinds;
}

/** A curvature is of a whole layer: weight and bias belong to one group, and nothing else does. */
function requireWholeLayers(
  share: ResolvedGroup,
  layers: readonly LayerEntry[],
  { model, method }: { model: Model; method: string },
): void {
  const own = new Set(share.parameters);
  for (const layer of layers) {
    const missing = parametersOf(layer, model).find((name) => !own.has(name));
    if (missing !== undefined) {
      const got = `${missing} in another group (match the layer's name instead)`;
      throw new ModelError(layer.name, `weight and bias in one group for ${method}`, got);
    }
    parametersOf(layer, model).forEach((name) => own.delete(name));
  }
  const [stray] = own;
  if (stray === undefined) return;
  throw new ModelError(stray, `a parameter of a captured layer for ${method}`, 'one of no layer (move it to an adam, sgd or frozen group)');
}

/** Whether layers need a chart that they belong to; whether a local metric is there, only the trace tells. */
function pullsMetricBack(group: GroupSpec): boolean {
  if (group.method === 'metric-kfac') return group.form === 'pullback';
  return group.method === 'kfac' && group.dampingRule === 'metric' && group.dampingMetric !== 'local';
}

function requireCharts(layers: readonly LayerEntry[], { model, method }: { model: Model; method: string }): void {
  const charted = new Set(model.charts.flatMap((chart) => chart.layers));
  const lone = layers.find(({ name, kind }) => kind !== 'embedding' && !charted.has(name));
  if (lone === undefined) return;
  throw new ModelError(lone.name, `a chart that it belongs to for ${method}`, 'none (move it to a group of kfac, adam, sgd or frozen)');
}

function requireKernelLayers(layers: readonly LayerEntry[], { model, method }: { model: Model; method: string }): void {
  const shared = layers.find(({ positions }) => positions > 1);
  if (shared !== undefined) {
    const got = `${shared.positions} (use kfac or cg, which take shared positions)`;
    throw new ModelError(shared.name, `one position an example for ${method}`, got);
  }
  if (model.coupling === undefined) return;
  throw new ModelError(layers[0].name, `examples that do not mix for ${method}`, 'batch norms (use kfac, or layer norms)');
}

/** A layer's weight and, where it has one, its bias: the next parameter. */
export function parametersOf({ weight, bias }: LayerEntry, { parameters }: Pick<Model, 'parameters'>): string[] {
  const at = parameters.findIndex(({ name }) => name === weight);
  return parameters.slice(at, at + (bias ? 2 : 1)).map(({ name }) => name);
}
