/**
 * Who moves what: groups name parameters exactly, every parameter has one group, and the layers of a group hold exactly its
 * parameters. A forgotten or doubly moved parameter is a silent training bug everywhere else; here it is an error with its name.
 */
import { entryOf, type Layout } from '@geodesic/tensor';
import type { GroupConfig, LayerKind, LayerRegistration, NaturalMethodConfig } from './config.ts';
import { checkLayer } from './config-checks.ts';
import { supportedKinds } from './curvature/create-curvature.ts';
import type { PlacedLayer } from './curvature/placed-layer.ts';
import { CoverageError, OptimizerConfigError } from './errors.ts';
import type { Span } from './group.ts';

/**
 * Checks that the groups cover every parameter exactly once.
 * @throws {CoverageError} for the first parameter, in the order of theta, with no group or several
 * @throws when a group names a parameter that the layout does not have; the error suggests near matches
 */
export function checkCoverage(groups: readonly GroupConfig[], parameters: Layout): void {
  const owners = new Map<string, string[]>(parameters.entries.map(({ name }) => [name, []]));
  for (const group of groups) {
    for (const name of group.parameters) owners.get(entryOf(parameters, name).name)?.push(group.name);
  }
  for (const [parameter, claims] of owners) {
    if (claims.length !== 1) throw new CoverageError(parameter, claims);
  }
}

/** Where a group's parameters stand in theta, ascending, whatever order the group names them in. */
export function parameterSpans(group: Pick<GroupConfig, 'parameters'>, parameters: Layout): Span[] {
  return group.parameters.map((name) => entryOf(parameters, name)).sort((a, b) => a.offset - b.offset);
}

/** What of a group decides where its layers stand: those of its own, or of its preconditioner. */
export interface LayeredGroup {
  readonly name: string;
  readonly method: NaturalMethodConfig['method'];
  readonly parameters: readonly string[];
  readonly layers: readonly string[];
}

/**
 * Places the layers of a group in theta, ascending by offset.
 * @throws {OptimizerConfigError} for a layer that is not registered, of a kind that the method has no curvature for, or whose matrix and
 * parameters do not match
 */
export function placeLayers(group: LayeredGroup, layers: readonly LayerRegistration[], parameters: Layout): readonly PlacedLayer[] {
  const registered = new Map(layers.map((layer) => [layer.name, layer]));
  if (registered.size < layers.length)
    throw new OptimizerConfigError(
      'layers',
      'registered once each',
      layers.map(({ name }) => name),
    );
  const placed = group.layers.map((name) => {
    const layer = registered.get(name);
    if (layer === undefined) throw new OptimizerConfigError(`${group.name}.layers`, `among ${[...registered.keys()].join(', ')}`, name);
    checkLayer(layer);
    checkKind(group, layer);
    return placeLayer(layer);
  });
  const spans = parameterSpans(group, parameters);
  for (const layer of placed) checkTiled(group, layer, spans);
  const stray = group.parameters.find((name) => !placed.some((layer) => contains(layer, entryOf(parameters, name))));
  if (stray !== undefined) {
    throw new OptimizerConfigError(
      `${group.name}.parameters`,
      'weights and biases of its layers (use adam, sgd or frozen for others)',
      stray,
    );
  }
  return disjoint(
    group,
    placed.sort((a, b) => a.offset - b.offset),
  );
}

function checkKind({ name, method }: LayeredGroup, { name: layer, kind = 'dense', positions = 1 }: LayerRegistration): void {
  const remedy = '(move the others to an adam, sgd or frozen group)';
  const kinds = kindsOf(method);
  if (!kinds.includes(kind)) {
    const expected = `layers of kind ${kinds.join(' or ')} for method ${method} ${remedy}`;
    throw new OptimizerConfigError(`${name}.layers`, expected, `${layer}, of kind ${kind}`);
  }
  if (method === 'kernel' && positions > 1) {
    const expected = `layers with one position an example for method kernel ${remedy}`;
    throw new OptimizerConfigError(`${name}.layers`, expected, `${layer}, with ${positions} positions`);
  }
}

/** The Gram matrix of the kernel trick is made of inputs and output gradients of dense layers; CG takes K-FAC as its preconditioner. */
function kindsOf(method: NaturalMethodConfig['method']): readonly LayerKind[] {
  if (method === 'kernel') return ['dense'];
  return supportedKinds(method === 'cg' ? 'kfac' : method);
}

/** Two layers on the same entries of theta, or one layer named twice, would move them twice. */
function disjoint(group: LayeredGroup, placed: readonly PlacedLayer[]): readonly PlacedLayer[] {
  const overlapping = placed.find((layer, i) => i > 0 && layer.offset < placed[i - 1].offset + placed[i - 1].size);
  if (overlapping !== undefined) {
    throw new OptimizerConfigError(`${group.name}.layers`, 'layers that do not overlap, named once each', overlapping.name);
  }
  return placed;
}

function placeLayer({ name, kind = 'dense', inputs, outputs, bias, offset, positions, constantInputs }: LayerRegistration): PlacedLayer {
  const rows = bias ? inputs + 1 : inputs;
  return { name, kind, rows, columns: outputs, offset, size: rows * outputs, positions, constantInputs };
}

/** A layer's matrix must be made of whole parameters of its own group. */
function checkTiled(group: LayeredGroup, layer: PlacedLayer, spans: readonly Span[]): void {
  const inside = spans.filter((span) => contains(layer, span));
  const covered = inside.reduce((sum, { size }) => sum + size, 0);
  if (covered !== layer.size) {
    throw new OptimizerConfigError(
      `${group.name}.parameters`,
      `all ${layer.size} entries of layer '${layer.name}' (weight and bias, consecutive from offset ${layer.offset})`,
      `${covered} of them`,
    );
  }
}

function contains(outer: Span, inner: Span): boolean {
  return inner.offset >= outer.offset && inner.offset + inner.size <= outer.offset + outer.size;
}
