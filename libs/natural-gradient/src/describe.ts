/**
 * Optimiser groups in words, for the table that a run prints before it starts.
 */
import { entryOf, type Layout } from '@geodesic/tensor';
import type { GroupConfig, NaturalConfig, StatisticsConfig } from './config.ts';
import { isNatural, type NaturalGroupConfig } from './config-checks.ts';
import { describePeer } from './first-order/peer.ts';
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
  if (isNatural(group)) return [...describeNatural(group), ...describeCurvature(group)];
  switch (group.method) {
    case 'adam':
      return [`betas ${group.beta1} ${group.beta2}`, `epsilon ${group.epsilon}`];
    case 'sgd':
      return [`${group.nesterov ? 'Nesterov momentum' : 'momentum'} ${group.momentum}`];
    default:
      return describePeer(group);
  }
}

function describeNatural({ damping, klClip, momentum }: NaturalConfig): readonly string[] {
  return [`damping ${damping}`, klClip === null ? 'no KL clip' : `KL clip ${klClip}`, `momentum ${momentum}`];
}

function describeCurvature(group: NaturalGroupConfig): readonly string[] {
  switch (group.method) {
    case 'cg':
      return [
        `at most ${group.iterations} iterations to ${group.tolerance}`,
        ...(group.warmStart > 0 ? [`warm start ${group.warmStart}`] : []),
        group.preconditioner === null ? 'no preconditioner' : 'preconditioned by K-FAC',
      ];
    case 'kernel':
      return [`${group.fisher} Fisher`, ...(group.spring > 0 ? [`SPRING ${group.spring}`] : [])];
    case 'metric-kfac':
      return [
        ...describeStatistics(group),
        ...(group.form === 'local' ? ['local metric'] : []),
        ...describeRule(group.dampingRule),
        ...(group.normalizeMetric === true ? ['metric normalised'] : []),
      ];
    case 'kfac':
      return [
        ...describeStatistics(group),
        ...describeFisher(group),
        ...describeRule(group.dampingRule),
        ...((group.undampedInputs ?? []).length > 0 ? [`inputs of ${group.undampedInputs?.join(' and ')} undamped`] : []),
      ];
    default:
      return [...describeStatistics(group), ...describeFisher(group)];
  }
}

function describeStatistics(config: StatisticsConfig): readonly string[] {
  const { inverseWhenMoved = 0, burnIn = 0 } = config;
  const refreshed = `inverses every ${config.inverseEvery}`;
  return [
    `factors every ${config.statisticsEvery} (decay ${config.factorDecay})`,
    inverseWhenMoved > 0 ? `${refreshed} when moved by ${inverseWhenMoved}` : refreshed,
    ...(burnIn > 0 ? [`burn-in ${burnIn}`] : []),
  ];
}

function describeFisher({ fisher = 'sampled', samples = 1 }: { readonly fisher?: string; readonly samples?: number }): readonly string[] {
  if (fisher !== 'sampled') return [`${fisher} Fisher`];
  return samples > 1 ? [`${samples} samples`] : [];
}

function describeRule(rule: string = 'pi'): readonly string[] {
  return rule === 'pi' ? [] : [`damping by ${rule === 'metric' ? 'the metric' : 'eigenbasis'}`];
}
