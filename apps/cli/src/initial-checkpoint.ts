/**
 * A run that begins from a checkpoint (`init` in its spec): the parameters are read by name where the user sits and become first
 * values in the bundle's table, so the run needs no file later and its digest covers what was read.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CheckpointError, decodeSafetensors, type StoredTensor } from '@geodesic/checkpoint';
import { storedValues, type ParameterEntry } from '@geodesic/engine';
import type { InitSpec } from '@geodesic/run-spec';
import { sameShape } from '@geodesic/tensor';
import { CliError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** A parameter table whose first values come from a checkpoint, and the `init` section that a run records. */
export interface InitialCheckpoint {
  readonly parameters: readonly ParameterEntry[];
  /** With the digest of the file that was read. */
  readonly init: InitSpec;
  /** Parameters that were read. */
  readonly given: ReadonlySet<string>;
}

/**
 * Reads first values from the checkpoint that `init` names, a path seen from `folder`. Float64 values are rounded to float32.
 * @throws {CliError} SPEC_INVALID: one error for all names that are missing, of another shape or not floats; or for another file
 */
export function initialCheckpoint(parameters: readonly ParameterEntry[], init: InitSpec, folder: string): InitialCheckpoint {
  const path = parametersFile(resolve(folder, init.checkpoint));
  const bytes = readBytes(path, init);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (init.digest !== undefined && init.digest !== digest) throw invalid(`expected ${path} of digest ${init.digest}, got ${digest}`);
  const stored = decode(bytes, path);
  const problems = unknownNames(parameters, init);
  const table = parameters.map((entry): ParameterEntry => {
    const name = Object.hasOwn(init.map, entry.name) ? init.map[entry.name] : entry.name;
    const tensor = stored.get(name);
    if (!tensor && !init.strict) return entry;
    const problem = problemOf(entry, tensor);
    if (problem !== undefined) problems.push(`${entry.name}: expected ${name} ${problem}`);
    return problem === undefined ? { ...entry, initializer: storedValues(Float32Array.from(tensor!.data)) } : entry;
  });
  if (problems.length > 0) throw invalid(`${path} does not fit the model\n${problems.map((line) => `  ${line}`).join('\n')}`);
  const given = new Set(table.flatMap((entry, i) => (entry === parameters[i] ? [] : [entry.name])));
  return { parameters: table, init: { ...init, digest }, given };
}

function problemOf({ shape }: ParameterEntry, tensor: StoredTensor | undefined): string | undefined {
  const wanted = `F32 or F64 [${shape.join(', ')}]`;
  if (!tensor) return `${wanted}, got none`;
  const isFloat = tensor.dtype === 'F32' || tensor.dtype === 'F64';
  return isFloat && sameShape(tensor.shape, shape) ? undefined : `${wanted}, got ${tensor.dtype} [${tensor.shape.join(', ')}]`;
}

/** A misspelt entry of the map would silently initialise nothing. */
function unknownNames(parameters: readonly ParameterEntry[], { map }: InitSpec): string[] {
  const known = new Set(parameters.map(({ name }) => name));
  return Object.keys(map).flatMap((name) => (known.has(name) ? [] : [`init.map: expected a parameter of the model, got ${name}`]));
}

function parametersFile(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, 'parameters.safetensors') : path;
}

function readBytes(path: string, { checkpoint }: InitSpec): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const got = `${(error as NodeJS.ErrnoException).code ?? String(error)} at ${path}`;
    throw invalid(`expected ${checkpoint} to be a checkpoint or its parameters.safetensors, got ${got}`, error);
  }
}

function decode(bytes: Uint8Array, path: string): ReadonlyMap<string, StoredTensor> {
  try {
    return decodeSafetensors(bytes, path).tensors;
  } catch (error) {
    throw error instanceof CheckpointError ? invalid(error.message, error) : error;
  }
}

function invalid(problem: string, cause?: unknown): CliError {
  const hint = 'init.map gives parameters other names in the checkpoint; with strict: false, missing ones are initialised as usual';
  return new CliError({ code: 'SPEC_INVALID', message: `init.checkpoint: ${problem}`, hint, exitCode: EXIT.usage, cause });
}
