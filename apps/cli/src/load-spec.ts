/**
 * Reads a run spec from a file, applies `--set` overrides and reports whatever is wrong with it as one error.
 */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { DataError } from '@geodesic/data';
import { GroupMatchError, parseRunSpec, RunSpecError, type RunSpec, type SpecIssue } from '@geodesic/run-spec';
import { CliError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** Options of {@link loadSpec}. */
export interface LoadSpecOptions {
  /** `--set` values, `a.b=c`, applied in order. */
  readonly overrides: readonly string[];
}

/**
 * The validated spec in a YAML or JSON file.
 *
 * @throws {CliError} SPEC_UNREADABLE or SPEC_INVALID, exit code 2
 */
export async function loadSpec(path: string, { overrides }: LoadSpecOptions): Promise<RunSpec> {
  const text = await readSpecFile(path);
  const format = extname(path).toLowerCase() === '.json' ? 'json' : 'yaml';
  const { defaultGroups } = await import('./recipes.ts'); // loads the model language, which other commands do without
  try {
    return parseRunSpec(text, { format, overrides, source: path, defaultGroups });
  } catch (error) {
    throw asSpecError(path, error);
  }
}

/** Errors about a model or a program, by name: their libraries load the model language, which most commands do without. */
const modelErrors: ReadonlySet<string> = new Set(['ModelError', 'TraceError', 'CoupledExamplesError', 'UserModelError']);

/** What the user can mend in a spec or its data, as one CliError (SPEC_INVALID or DATA_INVALID, exit code 2); anything else unchanged. */
export function asSpecError(path: string, error: unknown): unknown {
  if (error instanceof RunSpecError) return invalidSpec(path, error);
  if (error instanceof DataError) {
    const hint = "see the data section of the spec; for the project's own data, git status shows which files have changed";
    return new CliError({ code: error.code, message: error.message, hint, exitCode: EXIT.usage, cause: error });
  }
  if (!(error instanceof GroupMatchError || (error instanceof Error && modelErrors.has(error.name)))) return error;
  const own = error.name === 'UserModelError' || error.name === 'TraceError';
  const hint = own ? 'see examples/digits-custom-model' : 'see the comments in examples/digits-ndm.yaml';
  return new CliError({ code: 'SPEC_INVALID', message: `${path}: ${error.message}`, hint, exitCode: EXIT.usage, cause: error });
}

async function readSpecFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    const got = reason === 'ENOENT' ? 'no such file' : reason === 'EISDIR' ? 'a folder' : `${reason}`;
    const hint = 'name a YAML or JSON run spec, for example examples/digits-ndm.yaml';
    throw new CliError({
      code: 'SPEC_UNREADABLE',
      message: `${path}: expected a readable run spec, got ${got}`,
      hint,
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}

/** One error for all issues, a line each. */
function invalidSpec(path: string, error: RunSpecError): CliError {
  const lines = error.issues.map(describe);
  const hints = [...new Set(error.issues.map(({ hint }) => hint).filter((hint) => hint !== ''))];
  const message =
    lines.length === 1 ? `${path}: ${lines[0]}` : `${path}: ${lines.length} problems\n${lines.map((line) => `  ${line}`).join('\n')}`;
  const hint = hints.length === 0 ? 'see the comments in examples/digits-ndm.yaml' : hints.join('; ');
  return new CliError({ code: 'SPEC_INVALID', message, hint, exitCode: EXIT.usage, cause: error });
}

function describe({ path, expected, got, position }: SpecIssue): string {
  const place = position === undefined ? '' : ` (line ${position.line}, column ${position.column})`;
  return `${path === '' ? 'run spec' : path}: expected ${expected}, got ${got}${place}`;
}
