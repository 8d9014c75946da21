/**
 * Where a command's answer goes: text for people, one envelope (`json`), or events and then the envelope (`jsonl`) for programs.
 * Answers are on stdout, errors of the text format and notices on stderr.
 */
import { describeError, type CliError } from './errors.ts';
import { errorEnvelope, successEnvelope } from './envelope.ts';
import type { ExitCode } from './exit-code.ts';

/** The values of `--format`. */
export const OUTPUT_FORMATS: readonly OutputFormat[] = ['text', 'json', 'jsonl'];

/** How a command answers. */
export type OutputFormat = 'text' | 'json' | 'jsonl';

/** A stream that text is written to; `process.stdout` is one. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What the process around a command offers it. */
export interface CommandIo {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a command answers. */
export interface CommandResult {
  /** The envelope's data. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The same for people, ending in a line break. */
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** Prints a command's answer in the format asked for. */
export function printResult(result: CommandResult, format: OutputFormat, io: CommandIo): void {
  io.stdout.write(format === 'text' ? result.text : `${JSON.stringify(successEnvelope(result.data))}\n`);
}

/** Prints an error in the format asked for; text goes to stderr. */
export function printError(error: CliError, format: OutputFormat, io: CommandIo): void {
  const debug = io.env['GEO_DEBUG'] === '1';
  if (format === 'text') io.stderr.write(describeError(error, { debug }));
  else io.stdout.write(`${JSON.stringify(errorEnvelope(error))}\n`);
  if (format !== 'text' && debug) io.stderr.write(describeError(error, { debug }));
}
