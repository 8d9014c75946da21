/**
 * Validation of an optimiser's options, field by field. Every refusal names the field as `<group>.<field>` (or `search.<field>`), the
 * range and the value.
 */
import type {
  CgConfig,
  GroupConfig,
  KfacConfig,
  LayerRegistration,
  NaturalMethodConfig,
  SearchConfig,
  StatisticsConfig,
} from './config.ts';
import { OptimizerConfigError } from './errors.ts';
import {
  aboveOne,
  type Check,
  checkSchedule,
  decay,
  flag,
  nonNegative,
  nonNegativeInteger,
  oneOf,
  positive,
  positiveInteger,
  powerOfHalf,
  properFraction,
  share,
} from './field-checks.ts';
import { checkPeer } from './first-order/peer.ts';

/** Groups whose method solves with a curvature. */
export type NaturalGroupConfig = Extract<GroupConfig, { readonly method: NaturalMethodConfig['method'] }>;

const naturalMethods = ['kfac', 'metric-kfac', 'ekfac', 'diagonal', 'block', 'cg', 'kernel'] as const;
const otherMethods = ['adam', 'sgd', 'soap', 'shampoo', 'muon', 'lbfgs', 'frozen'] as const;

/** Whether a group's method solves with a curvature. */
export function isNatural(group: GroupConfig): group is NaturalGroupConfig {
  return (naturalMethods as readonly string[]).includes(group.method);
}

/** Checks the length of a run. @throws {OptimizerConfigError} */
export function checkTotalSteps(totalSteps: number): void {
  positiveInteger('totalSteps', totalSteps);
}

/** Checks names: unique, not empty, without the `/` that separates keys of the state, and not the search's own. @throws {OptimizerConfigError} */
export function checkGroupNames(groups: readonly GroupConfig[]): void {
  if (groups.length === 0) throw new OptimizerConfigError('groups', 'a list of at least one group', 'none');
  const seen = new Set<string>();
  for (const { name } of groups) {
    if (name === '' || name.includes('/')) throw new OptimizerConfigError('group name', "a name without '/'", name);
    if (name === 'search')
      throw new OptimizerConfigError('group name', "another than 'search', which is where the search has its state", name);
    if (seen.has(name)) throw new OptimizerConfigError('group name', 'used once', name);
    seen.add(name);
  }
}

/** Checks the options of one group's method. @throws {OptimizerConfigError} */
export function checkMethod(group: GroupConfig): void {
  const check = (test: Check, field: string, value: unknown): void => test(`${group.name}.${field}`, value);
  if (group.parameters.length === 0) throw new OptimizerConfigError(`${group.name}.parameters`, 'at least one parameter name', 'none');
  check(oneOf(...naturalMethods, ...otherMethods), 'method', group.method);
  if (isNatural(group)) return checkNatural(group, check);
  switch (group.method) {
    case 'frozen':
      return;
    case 'adam':
      checkSchedule(`${group.name}.learningRate`, group.learningRate);
      check(nonNegative, 'weightDecay', group.weightDecay);
      check(decay, 'beta1', group.beta1);
      check(decay, 'beta2', group.beta2);
      check(positive, 'epsilon', group.epsilon);
      return;
    case 'sgd':
      checkSchedule(`${group.name}.learningRate`, group.learningRate);
      check(nonNegative, 'weightDecay', group.weightDecay);
      check(decay, 'momentum', group.momentum);
      check(flag, 'nesterov', group.nesterov);
      return;
    default:
      return checkPeer(group);
  }
}

type FieldCheck = (test: Check, field: string, value: unknown) => void;

function checkNatural(group: NaturalGroupConfig, check: FieldCheck): void {
  checkSchedule(`${group.name}.learningRate`, group.learningRate);
  check(nonNegative, 'weightDecay', group.weightDecay);
  check(decay, 'momentum', group.momentum);
  check(positive, 'damping', group.damping);
  if (group.klClip !== null) check(positive, 'klClip', group.klClip);
  switch (group.method) {
    case 'cg':
      return checkCg(group, check);
    case 'kernel':
      check(oneOf('sampled', 'empirical'), 'fisher', group.fisher);
      return check(decay, 'spring', group.spring);
    case 'metric-kfac':
      checkStatistics(group, check);
      if (group.form !== undefined) check(oneOf('pullback', 'local'), 'form', group.form);
      if (group.dampingRule !== undefined) check(oneOf('pi', 'eigenbasis'), 'dampingRule', group.dampingRule);
      if (group.normalizeMetric !== undefined) check(flag, 'normalizeMetric', group.normalizeMetric);
      return;
    case 'kfac':
      checkStatistics(group, check);
      checkFisher(group, check);
      return checkKfac(group, check);
    default:
      checkStatistics(group, check);
      return checkFisher(group, check);
  }
}

function checkStatistics(config: StatisticsConfig, check: FieldCheck): void {
  check(decay, 'factorDecay', config.factorDecay);
  check(positiveInteger, 'statisticsEvery', config.statisticsEvery);
  check(positiveInteger, 'inverseEvery', config.inverseEvery);
  if (config.inverseWhenMoved !== undefined) check(nonNegative, 'inverseWhenMoved', config.inverseWhenMoved);
  if (config.burnIn !== undefined) check(nonNegativeInteger, 'burnIn', config.burnIn);
}

/** `field` is told below `prefix`. */
function checkFisher(
  { name, fisher = 'sampled', samples = 1 }: { readonly name: string; readonly fisher?: string; readonly samples?: number },
  check: FieldCheck,
  prefix = '',
): void {
  check(oneOf('sampled', 'exact', 'empirical', 'forward'), `${prefix}fisher`, fisher);
  check(positiveInteger, `${prefix}samples`, samples);
  if (samples > 1 && fisher !== 'sampled') {
    throw new OptimizerConfigError(`${name}.${prefix}samples`, `1 for the Fisher type '${fisher}', which draws no targets`, samples);
  }
}

function checkKfac(group: NaturalGroupConfig & KfacConfig, check: FieldCheck): void {
  const { name, dampingRule = 'pi', undampedInputs = [], layers } = group;
  check(oneOf('pi', 'eigenbasis', 'metric'), 'dampingRule', dampingRule);
  const { normalizeMetric = false } = group as { readonly normalizeMetric?: unknown };
  check(flag, 'normalizeMetric', normalizeMetric);
  if (normalizeMetric === true) {
    throw new OptimizerConfigError(`${name}.normalizeMetric`, "false for method 'kfac', whose S has a meaning", true);
  }
  if (undampedInputs.length > 0 && dampingRule !== 'pi') {
    throw new OptimizerConfigError(`${name}.undampedInputs`, `empty with the damping rule '${dampingRule}'`, undampedInputs);
  }
  const stray = undampedInputs.find((layer) => !layers.includes(layer));
  if (stray !== undefined) throw new OptimizerConfigError(`${name}.undampedInputs`, 'names among the layers of the group', stray);
}

function checkCg(group: NaturalGroupConfig & CgConfig, check: FieldCheck): void {
  check(positiveInteger, 'iterations', group.iterations);
  check(properFraction, 'tolerance', group.tolerance);
  check(share, 'warmStart', group.warmStart);
  if (group.progress !== undefined) check(share, 'progress', group.progress);
  const { preconditioner } = group;
  if (preconditioner === null) return;
  check(decay, 'preconditioner.factorDecay', preconditioner.factorDecay);
  check(positiveInteger, 'preconditioner.statisticsEvery', preconditioner.statisticsEvery);
  check(positiveInteger, 'preconditioner.inverseEvery', preconditioner.inverseEvery);
  checkFisher({ ...preconditioner, name: group.name }, check, 'preconditioner.');
}

/** Checks the search and whether every group can follow it. @throws {OptimizerConfigError} */
export function checkSearch(search: SearchConfig, groups: readonly GroupConfig[]): void {
  oneOf('fixed', 'quadratic')('search.rule', search.rule);
  if (search.rule === 'fixed') return;
  const check = (test: Check, field: string, value: unknown): void => test(`search.${field}`, value);
  check(positive, 'damping', search.damping);
  check(flag, 'calibrate', search.calibrate);
  check(positiveInteger, 'adaptEvery', search.adaptEvery);
  check(properFraction, 'adaptFactor', search.adaptFactor);
  check(positive, 'minDamping', search.minDamping);
  check(positive, 'maxDamping', search.maxDamping);
  if (search.minDamping > search.damping || search.damping > search.maxDamping) {
    throw new OptimizerConfigError(
      'search.damping',
      `between minDamping ${search.minDamping} and maxDamping ${search.maxDamping}`,
      search.damping,
    );
  }
  if (search.momentum !== 'adaptive') check(decay, 'momentum', search.momentum);
  if (search.modelShare !== undefined) check(powerOfHalf, 'modelShare', search.modelShare);
  check(flag, 'reject', search.reject);
  check(aboveOne, 'rejectFactor', search.rejectFactor);
  check(positiveInteger, 'maxRejections', search.maxRejections);
  const stray = groups.find((group) => !isNatural(group) && group.method !== 'frozen');
  if (stray !== undefined) {
    const expected = `a natural-gradient method (${naturalMethods.join(', ')}) or frozen with the search 'quadratic'`;
    throw new OptimizerConfigError(`${stray.name}.method`, expected, stray.method);
  }
}

/** Checks a layer's registration. @throws {OptimizerConfigError} */
export function checkLayer(layer: LayerRegistration): void {
  positiveInteger(`layer ${layer.name}.inputs`, layer.inputs);
  positiveInteger(`layer ${layer.name}.outputs`, layer.outputs);
  nonNegativeInteger(`layer ${layer.name}.offset`, layer.offset);
  flag(`layer ${layer.name}.bias`, layer.bias);
  if (layer.positions !== undefined) positiveInteger(`layer ${layer.name}.positions`, layer.positions);
  if (layer.constantInputs !== undefined) flag(`layer ${layer.name}.constantInputs`, layer.constantInputs);
}
