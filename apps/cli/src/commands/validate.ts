/**
 * `geo validate`: reads a spec, fills the defaults in and says what would run. Starts nothing, and traces nothing but a model that the
 * user brings: whether it can be trained, and which groups it has, is only known then. A recipe's groups are held against its layers.
 */
import { dirname } from 'node:path';
import { digestRunSpec, isUserModel, modelName, runSpecWarnings, slotPlan, type RunSpec } from '@geodesic/run-spec';
import type { BundleSummary } from '../build-bundle.ts';
import { EXIT } from '../exit-code.ts';
import { asSpecError, loadSpec } from '../load-spec.ts';
import type { CommandResult } from '../output.ts';

/** Options of {@link validateCommand}. */
export interface ValidateCommandOptions {
  readonly specPath: string;
  readonly overrides: readonly string[];
}

/** Validates a spec. @throws {CliError} SPEC_UNREADABLE or SPEC_INVALID */
export async function validateCommand({ specPath, overrides }: ValidateCommandOptions): Promise<CommandResult> {
  const { spec, summary } = await withModel(specPath, await loadSpec(specPath, { overrides }));
  const warnings = runSpecWarnings(spec).map(({ message }) => message);
  const digest = digestRunSpec(spec);
  const { slots, slotExamples } = slotPlan(spec.batch);
  const { growth } = spec.batch;
  const growing = growth ? `, growing to ${growth.to} over ${growth.steps} steps` : '';
  const length = spec.steps === undefined ? `${spec.epochs} epochs` : `${spec.steps} steps`;
  const lines = [
    `${specPath} is valid`,
    `  ${spec.name}: ${modelName(spec.model)} on ${spec.data.source}, ${length} of ${spec.batch.examples} examples in ${slots} slots of ${slotExamples}${growing}, seed ${spec.seed}`,
    ...(summary ? groupLines(summary) : []),
    `  ${digest}`,
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  return {
    data: { source: specPath, digest, spec, ...(summary && { summary }), warnings },
    text: `${lines.join('\n')}\n`,
    exitCode: EXIT.ok,
  };
}

/** The spec with what only an opened model tells, and its summary; a recipe's spec says everything itself. */
async function withModel(specPath: string, spec: RunSpec): Promise<{ spec: RunSpec; summary?: BundleSummary }> {
  if (!isUserModel(spec.model)) {
    const { planRun } = await import('../plan-run.ts');
    try {
      planRun(spec, undefined, dirname(specPath));
    } catch (error) {
      throw asSpecError(specPath, error);
    }
    return { spec };
  }
  const { buildInThread } = await import('../build-in-thread.ts');
  const built = await buildInThread({ spec, specPath }, new AbortController().signal);
  return { spec: built.spec, summary: built.summary };
}

function groupLines({ parameters, groups }: BundleSummary): string[] {
  const shares = groups.map(({ name, method, layers, parameters }) => `${name}: ${method}, ${layers} layers, ${parameters} parameters`);
  return [`  ${parameters} parameters; ${shares.join('; ')}`];
}
