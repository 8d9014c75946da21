/**
 * The curvature that a group's options ask for: which layers it can have, and a block for each of them.
 */
import type { BlockConfig, DiagonalConfig, EkfacConfig, GroupConfig, KfacConfig, LayerKind, MetricKfacConfig } from '../config.ts';
import { defaultRelativeRidge } from '../damping/covariant-damping.ts';
import type { DampingRule } from '../damping/damping-rule.ts';
import { EigenbasisRule } from '../damping/eigenbasis-rule.ts';
import { InverseRule } from '../damping/inverse-rule.ts';
import { OptimizerConfigError } from '../errors.ts';
import { BlockCurvature } from './block-curvature.ts';
import type { Curvature, CurvatureTools } from './curvature.ts';
import { DenseCurvature } from './dense-curvature.ts';
import { DiagonalCurvature } from './diagonal-curvature.ts';
import { EigenCurvature } from './eigen-curvature.ts';
import { EmbeddingCurvature } from './embedding-curvature.ts';
import { KroneckerCurvature } from './kronecker-curvature.ts';
import { KroneckerStatistics } from './kronecker-statistics.ts';
import type { PlacedLayer } from './placed-layer.ts';
import { UnitCurvature } from './unit-curvature.ts';

type Relevant<C> = C extends unknown
  ? Pick<
      C,
      Extract<keyof C, 'method' | 'factorDecay' | 'fisher' | 'dampingRule' | 'undampedInputs' | 'normalizeMetric' | 'inverseWhenMoved'>
    >
  : never;

/** What a curvature depends on of a group's options. */
export type CurvatureConfig = Relevant<KfacConfig | MetricKfacConfig | EkfacConfig | DiagonalConfig | BlockConfig>;

/**
 * The kinds of layers that a method's curvature can have; empty for methods without layer-wise statistics. K-FAC and EK-FAC treat
 * norms unit by unit; an embedding's A is diagonal, and K-FAC damps it by pi whatever the rule for the others.
 */
export function supportedKinds(method: GroupConfig['method']): readonly LayerKind[] {
  switch (method) {
    case 'kfac':
    case 'ekfac':
    case 'diagonal':
    case 'block':
      return ['dense', 'conv', 'embedding', 'norm'];
    case 'metric-kfac':
      return ['dense', 'conv'];
    default:
      return [];
  }
}

/**
 * The curvature of a group over its layers.
 * @param layers in the order of theta
 * @throws {OptimizerConfigError} for a layer of a kind that the method does not have
 */
export function createCurvature(config: CurvatureConfig, layers: readonly PlacedLayer[], tools: CurvatureTools): BlockCurvature {
  return new BlockCurvature(layers.map((layer) => ({ name: layer.name, curvature: layerCurvature(config, layer, tools) })));
}

function layerCurvature(config: CurvatureConfig, layer: PlacedLayer, tools: CurvatureTools): Curvature {
  const kinds = supportedKinds(config.method);
  if (!kinds.includes(layer.kind))
    throw new OptimizerConfigError(`layer ${layer.name}.kind`, `${kinds.join(' or ')} for method ${config.method}`, layer.kind);
  const single = { layer, decay: config.factorDecay, tracksDrift: tracksDrift(config) };
  switch (config.method) {
    case 'diagonal':
      return new DiagonalCurvature(single);
    case 'block':
      return new DenseCurvature(single, tools);
    case 'kfac':
    case 'metric-kfac':
    case 'ekfac':
      return layer.kind === 'norm' ? new UnitCurvature(single) : productCurvature(config, layer, tools);
  }
}

function productCurvature(config: KroneckerConfig, layer: PlacedLayer, tools: CurvatureTools): Curvature {
  const { method, factorDecay: decay } = config;
  const isEmbedding = layer.kind === 'embedding';
  const statistics = new KroneckerStatistics({
    layer,
    decay,
    output: method !== 'metric-kfac' && config.fisher === 'forward' ? 'identity' : 'sum',
    metric: method === 'kfac' && config.dampingRule === 'metric' && !isEmbedding,
    normalizeMetric: method === 'metric-kfac' && config.normalizeMetric === true,
  });
  const shared = { layer, statistics, tracksDrift: tracksDrift(config), tools };
  if (method === 'ekfac') return new EigenCurvature({ ...shared, decay });
  return isEmbedding ? new EmbeddingCurvature(shared) : new KroneckerCurvature({ ...shared, rule: dampingRule(config, layer, tools) });
}

function dampingRule(
  config: Exclude<KroneckerConfig, { readonly method: 'ekfac' }>,
  layer: PlacedLayer,
  tools: CurvatureTools,
): DampingRule {
  const relativeRidge = tools.relativeRidge ?? defaultRelativeRidge[tools.precision ?? 'float32'];
  const inverse = (damps: 'pi' | 'metric' | 'outputs'): DampingRule =>
    new InverseRule(layer, { damps, relativeRidge, tracksDrift: tracksDrift(config) });
  switch (config.dampingRule ?? 'pi') {
    case 'pi':
      return inverse(config.method === 'kfac' && config.undampedInputs?.includes(layer.name) === true ? 'outputs' : 'pi');
    case 'metric':
      return inverse('metric');
    case 'eigenbasis':
      return new EigenbasisRule(layer);
  }
}

type KroneckerConfig = Relevant<KfacConfig | MetricKfacConfig | EkfacConfig>;

function tracksDrift({ inverseWhenMoved = 0 }: CurvatureConfig): boolean {
  return inverseWhenMoved > 0;
}
