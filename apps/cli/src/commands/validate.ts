/**
 * `geo validate`: reads a spec, fills the defaults in and says what would run. Starts nothing and traces nothing.
 */
import { digestRunSpec, runSpecWarnings, slotPlan } from '@geodesic/run-spec';
import { EXIT } from '../exit-code.ts';
import { loadSpec } from '../load-spec.ts';
import type { CommandResult } from '../output.ts';

/** Options of {@link validateCommand}. */
export interface ValidateCommandOptions {
  readonly specPath: string;
  readonly overrides: readonly string[];
}

/** Validates a spec. @throws {CliError} SPEC_UNREADABLE or SPEC_INVALID */
export async function validateCommand({ specPath, overrides }: ValidateCommandOptions): Promise<CommandResult> {
  const spec = await loadSpec(specPath, { overrides });
  const warnings = runSpecWarnings(spec).map(({ message }) => message);
  const digest = digestRunSpec(spec);
  const { slots, slotExamples } = slotPlan(spec.batch);
  const length = spec.steps === undefined ? `${spec.epochs} epochs` : `${spec.steps} steps`;
  const lines = [
    `${specPath} is valid`,
    `  ${spec.name}: ${spec.model.recipe} on ${spec.data.source}, ${length} of ${spec.batch.examples} examples in ${slots} slots of ${slotExamples}, seed ${spec.seed}`,
    `  ${digest}`,
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
  return { data: { source: specPath, digest, spec, warnings }, text: `${lines.join('\n')}\n`, exitCode: EXIT.ok };
}
