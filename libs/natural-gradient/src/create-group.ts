/** From a group's configuration to the group: which method, where its numbers stand, what it solves with. */
import type { Linalg } from '@geodesic/linalg';
import { entryOf, type Layout } from '@geodesic/tensor';
import { AdamGroup } from './first-order/adam.ts';
import type { GroupConfig, LayerRegistration } from './config.ts';
import { isNatural, type NaturalGroupConfig } from './config-checks.ts';
import { createCurvature } from './curvature/create-curvature.ts';
import type { CurvatureTools } from './curvature/curvature.ts';
import type { PlacedLayer } from './curvature/placed-layer.ts';
import type { FailedFactorObserver } from './damping/failed-factor.ts';
import { createCg } from './descent/cg.ts';
import type { Descent } from './descent/descent.ts';
import { DirectDescent } from './descent/direct.ts';
import { createKernel } from './descent/kernel.ts';
import { FrozenGroup } from './frozen.ts';
import { type Group, lengthOf, type Span } from './group.ts';
import { parameterSpans, placeLayers } from './group-coverage.ts';
import { type GroupPart, NaturalGroup, type Precision } from './natural-group.ts';
import { createPeer } from './first-order/peer.ts';
import { SgdGroup } from './first-order/sgd.ts';

/** What groups are made with. */
export interface GroupTools {
  readonly layers: readonly LayerRegistration[];
  readonly parameters: Layout;
  readonly totalSteps: number;
  readonly precision: Precision;
  /** Whether groups decide on their step sizes themselves. */
  readonly ownSearch: boolean;
  readonly linalg?: Linalg | undefined;
  readonly onFailedFactor?: FailedFactorObserver | undefined;
}

/** Creates a group whose options have been checked. @throws {OptimizerConfigError} for layers that it cannot have */
export function createGroup(config: GroupConfig, tools: GroupTools): Group {
  const { parameters, totalSteps, linalg } = tools;
  const spans = parameterSpans(config, parameters);
  if (isNatural(config)) return createNaturalGroup(config, spans, tools);
  switch (config.method) {
    case 'adam':
      return new AdamGroup(config.name, config, { spans, totalSteps });
    case 'sgd':
      return new SgdGroup(config.name, config, { spans, totalSteps });
    case 'frozen':
      return new FrozenGroup(config.name, spans);
    default: {
      const entries = config.parameters.map((name) => entryOf(parameters, name)).sort((a, b) => a.offset - b.offset);
      return createPeer(config, { parameters: entries, totalSteps, linalg });
    }
  }
}

function createNaturalGroup(config: NaturalGroupConfig, spans: readonly Span[], tools: GroupTools): NaturalGroup {
  const layers = placedLayersOf(config, tools);
  const parts: readonly GroupPart[] = layers.length > 0 ? layers : [{ name: config.name, size: lengthOf(spans) }];
  const { totalSteps, precision, ownSearch, parameters } = tools;
  const descent = descentOf(config, layers, tools);
  const place = { spans: layers.length > 0 ? layers : spans, parts, size: parameters.size };
  return new NaturalGroup(config.name, config, { ...place, descent, totalSteps, precision, ownSearch });
}

/** Ascending by offset; none for conjugate gradients without a preconditioner. */
function placedLayersOf(config: NaturalGroupConfig, { layers, parameters }: GroupTools): readonly PlacedLayer[] {
  const { name, method, parameters: own } = config;
  const named = config.method === 'cg' ? config.preconditioner?.layers : config.layers;
  return named === undefined ? [] : placeLayers({ name, method, parameters: own, layers: named }, layers, parameters);
}

function descentOf(config: NaturalGroupConfig, layers: readonly PlacedLayer[], tools: GroupTools): Descent {
  const { linalg, precision, onFailedFactor } = tools;
  const curvatureTools: CurvatureTools = { linalg, precision, onFailedFactor };
  switch (config.method) {
    case 'cg': {
      const size = config.parameters.reduce((sum, name) => sum + entryOf(tools.parameters, name).size, 0);
      const { preconditioner } = config;
      return createCg(config, {
        size,
        preconditioner:
          preconditioner === null ? undefined : createCurvature({ ...preconditioner, method: 'kfac' }, layers, curvatureTools),
      });
    }
    case 'kernel':
      return createKernel(config, { layers, linalg });
    default:
      return new DirectDescent({
        curvature: createCurvature(config, layers, curvatureTools),
        layers: layers.map(({ name }) => name),
        cadence: config,
      });
  }
}
