/**
 * The published optimisers that natural gradient is measured against, beside SGD and Adam: how a configuration becomes a group, what it
 * may hold, and how it reads in the table of groups.
 */
import type { GroupConfig, LbfgsConfig, MuonConfig, ShampooConfig, SoapConfig } from '../config.ts';
import { type Check, checkSchedule, decay, flag, nonNegative, nonNegativeInteger, positive, positiveInteger } from '../field-checks.ts';
import { OptimizerConfigError } from '../errors.ts';
import type { Group } from '../group.ts';
import { describeSchedule } from '../schedule.ts';
import { LbfgsGroup } from './lbfgs.ts';
import type { PeerOptions } from './matrix-group.ts';
import { MuonGroup } from './muon.ts';
import { ShampooGroup } from './shampoo.ts';
import { SoapGroup } from './soap.ts';

/** The method of a peer. */
export type PeerConfig = SoapConfig | ShampooConfig | MuonConfig | LbfgsConfig;

/** A group whose method is a peer's. */
export type PeerGroupConfig = Extract<GroupConfig, { readonly method: PeerConfig['method'] }>;

/** The group that follows a peer's method. */
export function createPeer(config: PeerGroupConfig, options: PeerOptions): Group {
  switch (config.method) {
    case 'soap':
      return new SoapGroup(config.name, config, options);
    case 'shampoo':
      return new ShampooGroup(config.name, config, options);
    case 'muon':
      return new MuonGroup(config.name, config, options);
    case 'lbfgs':
      return new LbfgsGroup(config.name, config, options);
  }
}

/** Checks all options of a peer's group. @throws {OptimizerConfigError} naming the field */
export function checkPeer(group: PeerGroupConfig): void {
  const check = (test: Check, field: string, value: unknown): void => test(`${group.name}.${field}`, value);
  checkSchedule(`${group.name}.learningRate`, group.learningRate);
  check(nonNegative, 'weightDecay', group.weightDecay);
  switch (group.method) {
    case 'soap':
      check(decay, 'beta1', group.beta1);
      check(decay, 'beta2', group.beta2);
      check(decay, 'shampooBeta', group.shampooBeta);
      check(positive, 'epsilon', group.epsilon);
      check(positiveInteger, 'refreshEvery', group.refreshEvery);
      if (group.maxDimension !== undefined) check(positiveInteger, 'maxDimension', group.maxDimension);
      return;
    case 'shampoo':
      return checkShampoo(group, check);
    case 'muon':
      return checkMuon(group, check);
    case 'lbfgs':
      return check(positiveInteger, 'history', group.history);
  }
}

type FieldCheck = (test: Check, field: string, value: unknown) => void;

function checkShampoo(group: PeerGroupConfig & ShampooConfig, check: FieldCheck): void {
  if (group.beta2 !== 1) check(decay, 'beta2', group.beta2);
  check(decay, 'momentum', group.momentum);
  check(positive, 'epsilon', group.epsilon);
  check(positiveInteger, 'refreshEvery', group.refreshEvery);
  if (!['adam', 'sgd', 'none'].includes(group.graft)) {
    throw new OptimizerConfigError(`${group.name}.graft`, 'adam, sgd or none', group.graft);
  }
  check(nonNegativeInteger, 'startStep', group.startStep);
  if (group.graft === 'none' && group.startStep > 1) {
    throw new OptimizerConfigError(`${group.name}.startStep`, 'at most 1 without a graft to start with', group.startStep);
  }
  check(positiveInteger, 'maxDimension', group.maxDimension);
}

function checkMuon(group: PeerGroupConfig & MuonConfig, check: FieldCheck): void {
  check(decay, 'momentum', group.momentum);
  check(flag, 'nesterov', group.nesterov);
  check(positiveInteger, 'iterations', group.iterations);
  checkSchedule(`${group.name}.adamLearningRate`, group.adamLearningRate);
  const stray = group.adamParameters.find((name) => !group.parameters.includes(name));
  if (stray !== undefined) throw new OptimizerConfigError(`${group.name}.adamParameters`, 'names among the parameters of the group', stray);
}

/** A peer's options in words, without learning rate and weight decay. */
export function describePeer(config: PeerConfig): string[] {
  switch (config.method) {
    case 'soap':
      return [
        `betas ${config.beta1} ${config.beta2}`,
        `epsilon ${config.epsilon}`,
        `basis every ${config.refreshEvery} (decay ${config.shampooBeta})`,
        ...(config.maxDimension === undefined ? [] : [`sides up to ${config.maxDimension}`]),
      ];
    case 'shampoo':
      return [
        `momentum ${config.momentum}`,
        `epsilon ${config.epsilon}`,
        config.beta2 === 1 ? `roots every ${config.refreshEvery} (sums)` : `roots every ${config.refreshEvery} (decay ${config.beta2})`,
        config.graft === 'none' ? 'no graft' : `graft ${config.graft}`,
        ...(config.startStep > 1 ? [`from step ${config.startStep}`] : []),
        `sides up to ${config.maxDimension}`,
      ];
    case 'muon':
      return [
        `${config.nesterov ? 'Nesterov momentum' : 'momentum'} ${config.momentum}`,
        `${config.iterations} iterations`,
        `Adam at ${describeSchedule(config.adamLearningRate)} for vectors${config.adamParameters.length > 0 ? ` and ${config.adamParameters.join(', ')}` : ''}`,
      ];
    case 'lbfgs':
      return [`history ${config.history}`];
  }
}
