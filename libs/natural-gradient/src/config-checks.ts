/**
 * Validation of a group's options, field by field. Every refusal names the field as `<group>.<field>`, the range and the value.
 */
import type { GroupConfig, LayerRegistration, Schedule } from './config.ts';
import { OptimizerConfigError } from './errors.ts';

type Check = (field: string, value: unknown) => void;

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

const positive: Check = (field, value) => {
  if (!isNumber(value) || value <= 0) throw new OptimizerConfigError(field, 'a number above 0', value);
};
const nonNegative: Check = (field, value) => {
  if (!isNumber(value) || value < 0) throw new OptimizerConfigError(field, 'a number of at least 0', value);
};
const decay: Check = (field, value) => {
  if (!isNumber(value) || value < 0 || value >= 1) throw new OptimizerConfigError(field, 'a number in [0, 1)', value);
};
const flag: Check = (field, value) => {
  if (typeof value !== 'boolean') throw new OptimizerConfigError(field, 'true or false', value);
};
const positiveInteger: Check = (field, value) => {
  if (!Number.isSafeInteger(value) || (value as number) < 1) throw new OptimizerConfigError(field, 'an integer of at least 1', value);
};
const nonNegativeInteger: Check = (field, value) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new OptimizerConfigError(field, 'an integer of at least 0', value);
};

/** Checks the length of a run. @throws {OptimizerConfigError} */
export function checkTotalSteps(totalSteps: number): void {
  positiveInteger('totalSteps', totalSteps);
}

/** Checks names: unique, not empty, without the `/` that separates keys of the state. @throws {OptimizerConfigError} */
export function checkGroupNames(groups: readonly GroupConfig[]): void {
  if (groups.length === 0) throw new OptimizerConfigError('groups', 'a list of at least one group', 'none');
  const seen = new Set<string>();
  for (const { name } of groups) {
    if (name === '' || name.includes('/')) throw new OptimizerConfigError('group name', "a name without '/'", name);
    if (seen.has(name)) throw new OptimizerConfigError('group name', 'used once', name);
    seen.add(name);
  }
}

/** Checks the options of one group's method. @throws {OptimizerConfigError} */
export function checkMethod(group: GroupConfig): void {
  const check = (test: Check, field: string, value: unknown): void => test(`${group.name}.${field}`, value);
  if (group.parameters.length === 0) throw new OptimizerConfigError(`${group.name}.parameters`, 'at least one parameter name', 'none');
  if (group.method === 'frozen') return;
  checkSchedule(`${group.name}.learningRate`, group.learningRate);
  check(nonNegative, 'weightDecay', group.weightDecay);
  switch (group.method) {
    case 'adam':
      check(decay, 'beta1', group.beta1);
      check(decay, 'beta2', group.beta2);
      check(positive, 'epsilon', group.epsilon);
      return;
    case 'sgd':
      check(decay, 'momentum', group.momentum);
      check(flag, 'nesterov', group.nesterov);
      return;
    case 'kfac':
    case 'metric-kfac':
      check(decay, 'momentum', group.momentum);
      check(positive, 'damping', group.damping);
      if (group.klClip !== null) check(positive, 'klClip', group.klClip);
      check(decay, 'factorDecay', group.factorDecay);
      check(positiveInteger, 'statisticsEvery', group.statisticsEvery);
      check(positiveInteger, 'inverseEvery', group.inverseEvery);
      if (group.normalizeMetric !== undefined) check(flag, 'normalizeMetric', group.normalizeMetric);
      if (group.method === 'kfac' && group.normalizeMetric === true) {
        throw new OptimizerConfigError(`${group.name}.normalizeMetric`, "false for method 'kfac', whose S has a meaning", true);
      }
      return;
    default:
      throw new OptimizerConfigError(
        `${(group as GroupConfig).name}.method`,
        'kfac, metric-kfac, adam, sgd or frozen',
        (group as GroupConfig).method,
      );
  }
}

/** Checks a layer's registration. @throws {OptimizerConfigError} */
export function checkLayer(layer: LayerRegistration): void {
  positiveInteger(`layer ${layer.name}.inputs`, layer.inputs);
  positiveInteger(`layer ${layer.name}.outputs`, layer.outputs);
  nonNegativeInteger(`layer ${layer.name}.offset`, layer.offset);
  flag(`layer ${layer.name}.bias`, layer.bias);
}

function checkSchedule(field: string, schedule: Schedule): void {
  nonNegative(`${field}.initial`, schedule.initial);
  nonNegative(`${field}.final`, schedule.final);
  nonNegativeInteger(`${field}.warmupSteps`, schedule.warmupSteps);
  if (!['constant', 'linear', 'cosine'].includes(schedule.shape)) {
    throw new OptimizerConfigError(`${field}.shape`, 'constant, linear or cosine', schedule.shape);
  }
}
