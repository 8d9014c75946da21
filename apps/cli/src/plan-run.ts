/**
 * What a run is before anything is traced: its data opened, its spec frozen, its model's tables, and what its optimiser asks of them.
 * Every combination that cannot work is found here, so that `geo validate` finds it, too.
 */
import type { Model } from '@geodesic/nn';
import { batchAt, freezeRunSpec, slotPlan, totalSteps, type FrozenRunSpec, type RunSpec, type UserModelSpec } from '@geodesic/run-spec';
import { sizeOf } from '@geodesic/tensor';
import { requireClasses, requireFittingData } from './fitting-data.ts';
import { requireFittingSize } from './fitting-size.ts';
import { planOptimizer, type OptimizerPlan } from './optimizer-plan.ts';
import { defaultGroups, modelOf, type RecipeRun } from './recipes.ts';
import { openSpecData } from './spec-data.ts';
import { userModelGroups, type PreparedModel } from './user-model.ts';

/** A run that fits together. */
export interface PlannedRun {
  readonly spec: FrozenRunSpec;
  readonly model: Model;
  readonly plan: OptimizerPlan;
  readonly steps: number;
  /** Rows of a slot. */
  readonly slotSize: number;
  /** Rows of all slots of the largest step. */
  readonly examples: number;
}

/**
 * Plans a run.
 * @param prepared the opened model, where the user brings it
 * @param folder where the paths of the spec start
 * @throws {RunSpecError | GroupMatchError | ModelError | DataError} what does not fit
 */
export function planRun(written: RunSpec, prepared: PreparedModel | undefined, folder: string): PlannedRun {
  const { dataset, data } = openSpecData(written.data, folder);
  const spec = frozen({ ...written, data }, prepared);
  if ('recipe' in spec.model) requireClasses(spec.model.recipe, dataset);
  const steps = totalSteps(spec, dataset.split('train').size);
  const model = prepared?.model ?? modelOf(spec as RecipeRun, { inputs: sizeOf(dataset.featureShape), classes: dataset.classes }, steps);
  requireFittingData(model, dataset);
  requireFittingSize(model);
  const { slotExamples: slotSize } = slotPlan(spec.batch);
  const examples = mostSlots(spec) * slotSize;
  const plan = planOptimizer(spec, model, { wholeBatch: seesEverything(spec, dataset.split('train').size), examples });
  return { spec, model, plan, steps, slotSize, examples };
}

/** Slots of the largest step. */
function mostSlots({ batch }: FrozenRunSpec): number {
  return batchAt(batch, (batch.growth?.steps ?? 0) + 1).slots;
}

/** Whether every step's batch holds every training example, so that statistics of raw features never change. */
function seesEverything({ batch }: FrozenRunSpec, trainExamples: number): boolean {
  return batch.examples >= trainExamples && batch.growth === undefined;
}

/** The spec with its groups written out; a user's model also with the digest of its files. */
function frozen(written: RunSpec, prepared: PreparedModel | undefined): FrozenRunSpec {
  if (prepared === undefined) return freezeRunSpec(written, { defaultGroups });
  const model = { ...(written.model as UserModelSpec), digest: prepared.digest };
  return freezeRunSpec({ ...written, model }, { defaultGroups: () => userModelGroups(prepared.model) });
}
