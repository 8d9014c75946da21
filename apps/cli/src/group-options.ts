/**
 * From a group of the spec to what the optimiser's configuration wants: globs become names, words become objects, and what only concerns
 * the programs is left out. Under the search `quadratic` a group's own rates are neutral, since the search decides how far steps go.
 */
import { namesMatching, type GroupSpec, type NaturalGroupSpec, type ResolvedGroup, type SearchSpec } from '@geodesic/run-spec';

type Options = Readonly<Record<string, unknown>>;

/** The options of a bundle's group; `share` is what of the model belongs to it. @throws {GroupMatchError} for a glob that matches nothing */
export function groupOptions(group: GroupSpec, share: ResolvedGroup, search: SearchSpec): Options {
  const { name, match: _match, method: _method, ...options } = group;
  switch (group.method) {
    case 'kfac': {
      const { sharing: _sharing, dampingMetric: _metric, ...rest } = options as Options;
      const undampedInputs = namesMatching(group.undampedInputs, share.layers, { group: name, field: 'undampedInputs' });
      return { ...rest, undampedInputs, ...neutralRates(search) };
    }
    case 'metric-kfac':
    case 'ekfac': {
      const { sharing: _sharing, ...rest } = options as Options;
      return { ...rest, ...neutralRates(search) };
    }
    case 'cg': {
      const { factorDecay, statisticsEvery, inverseEvery, fisher, samples, ...rest } = options as Options;
      const given = { layers: share.layers, factorDecay, statisticsEvery, inverseEvery, fisher, samples };
      return { ...rest, preconditioner: group.preconditioner === null ? null : given, ...neutralRates(search) };
    }
    case 'diagonal':
    case 'block':
    case 'kernel':
      return { ...options, ...neutralRates(search) };
    case 'muon':
      return {
        ...options,
        adamParameters: namesMatching(group.adamParameters, share.parameters, { group: name, field: 'adamParameters' }),
      };
    default:
      return options;
  }
}

/** Whether a group solves with a curvature. */
export function isNatural(group: GroupSpec): group is NaturalGroupSpec {
  return ['kfac', 'metric-kfac', 'ekfac', 'diagonal', 'block', 'cg', 'kernel'].includes(group.method);
}

function neutralRates(search: SearchSpec): Options {
  if (search.rule === 'fixed') return {};
  const learningRate = { initial: 1, final: 1, warmupSteps: 0, shape: 'constant' };
  return { learningRate, momentum: 0, klClip: null, damping: search.damping };
}
