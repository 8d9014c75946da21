/**
 * Optimiser groups in words, for the table that a run prints before it starts.
 */
import { entryOf, type Layout } from '@geodesic/tensor';
import type { GroupConfig } from './config.ts';
import { describeSchedule } from './schedule.ts';

/** One row of the table of groups. */
export interface GroupRow {
  readonly name: string;
  readonly method: GroupConfig['method'];
  /** Named parameters in the group. */
  readonly tensors: number;
  /** Numbers in them. */
  readonly size: number;
  /** Such as `0.1 -> 0.01 cosine, warm-up 10`; empty for parameters that do not move. */
  readonly learningRate: string;
  /** The method's other options in one line. */
  readonly options: string;
}

/** Describes a group whose parameters the layout has. */
export function describeGroup(group: GroupConfig, parameters: Layout): GroupRow {
  return {
    name: group.name,
    method: group.method,
    tensors: group.parameters.length,
    size: group.parameters.reduce((sum, name) => sum + entryOf(parameters, name).size, 0),
    learningRate: group.method === 'frozen' ? '' : describeSchedule(group.learningRate),
    options: describeMethod(group).join(', '),
  };
}

function describeMethod(group: GroupConfig): readonly string[] {
  if (group.method === 'frozen') return [];
  return [...describeOptions(group), ...(group.weightDecay > 0 ? [`weight decay ${group.weightDecay}`] : [])];
}

function describeOptions(group: Exclude<GroupConfig, { readonly method: 'frozen' }>): readonly string[] {
  switch (group.method) {
    case 'adam':
      return [`betas ${group.beta1} ${group.beta2}`, `epsilon ${group.epsilon}`];
    case 'sgd':
      return [`${group.nesterov ? 'Nesterov momentum' : 'momentum'} ${group.momentum}`];
    case 'kfac':
    case 'metric-kfac':
      return [
        `damping ${group.damping}`,
        group.klClip === null ? 'no KL clip' : `KL clip ${group.klClip}`,
        `momentum ${group.momentum}`,
        `factors every ${group.statisticsEvery} (decay ${group.factorDecay})`,
        `inverses every ${group.inverseEvery}`,
        ...(group.normalizeMetric === true ? ['metric normalised'] : []),
      ];
  }
}
