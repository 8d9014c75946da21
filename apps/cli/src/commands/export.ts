/**
 * `geo export`: writes the weights that a run has trained back into the tf.LayersModel of its spec, as tf.loadLayersModel reads it.
 */
import { askThread } from '../ask-thread.ts';
import { EXIT } from '../exit-code.ts';
import type { ExportedModel, ExportRequest } from '../export-model.ts';
import { loadSpec } from '../load-spec.ts';
import type { CommandResult } from '../output.ts';

/** Options of {@link exportCommand}. */
export interface ExportCommandOptions {
  readonly specPath: string;
  readonly overrides: readonly string[];
  /** Folder of the checkpoint. */
  readonly checkpoint: string;
  /** Folder that is written to. */
  readonly to: string;
}

/** Exports a trained model. @throws {CliError} SPEC_UNREADABLE, SPEC_INVALID, EXPORT or CHECKPOINT_* */
export async function exportCommand({ specPath, overrides, checkpoint, to }: ExportCommandOptions): Promise<CommandResult> {
  const spec = await loadSpec(specPath, { overrides });
  const request: ExportRequest = { spec, specPath, checkpoint, folder: to };
  const exported = await askThread<ExportedModel>('export-thread.js', request, new AbortController().signal);
  return { data: { ...exported }, text: `${exported.path} is written: ${exported.weights} trained values\n`, exitCode: EXIT.ok };
}
