/**
 * Options and arguments that several commands share: how they are written, read and explained.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { OUTPUT_FORMATS, type CommandIo, type CommandResult, type OutputFormat } from '../output.ts';

/** What a command needs from the program around it. */
export interface ProgramContext {
  readonly io: CommandIo;
  /** Prints a result and remembers its exit code. */
  readonly answer: (result: CommandResult, format: OutputFormat) => void;
}

/** Adds one command. */
export type AddCommand = (program: Command, context: ProgramContext) => Command;

/** Options of every command. */
export interface SharedOptions {
  readonly format: OutputFormat;
}

/** Options of every command about a run that exists. */
export interface RunOptions extends SharedOptions {
  readonly runs: string;
}

/** `--set a.b=c`. */
export function overrideOption(): Option {
  return new Option('--set <path=value>', 'override one value of the spec, such as seed=2; may be repeated')
    .argParser((value: string, previous: readonly string[]) => [...previous, value])
    .default([], 'none');
}

/** `--format`. */
export function formatOption(formats: readonly OutputFormat[] = OUTPUT_FORMATS): Option {
  const events = formats.includes('jsonl') ? ', jsonl for events and the envelope' : '';
  return new Option('--format <format>', `text for people, json for one envelope${events}`).choices([...formats]).default('text');
}

/** `--runs`: where `<run>` is looked for. */
export function runsOption(): Option {
  return new Option('--runs <dir>', 'the folder of runs').default('runs');
}

/** `--workers`. */
export function workersOption(): Option {
  return new Option('--workers <n>', "worker processes (default: the spec's cluster.workers)").argParser(integer({ minimum: 1 }));
}

/** `--port`. */
export function portOption(): Option {
  return new Option('--port <n>', 'port of the coordinator on 127.0.0.1, 0 for a free one')
    .argParser(integer({ minimum: 0, maximum: 65_535 }))
    .default(0);
}

/** `--nats`. */
export function natsOption(): Option {
  return new Option(
    '--nats <url>',
    'NATS servers, nats://HOST:PORT[,...] (default: GEODESIC_NATS_URL; credentials only from GEODESIC_NATS_*)',
  );
}

/** `--cluster`. */
export function clusterOption(): Option {
  return new Option('--cluster <name>', 'name of the cluster in NATS (default: GEODESIC_CLUSTER, then main)');
}

/** `--from step:N`. */
export function fromOption(what: string): Option {
  return new Option('--from <step:N>', what).argParser(stepReference);
}

/** Reads a whole number in a range. */
export function integer({
  minimum,
  maximum = Number.MAX_SAFE_INTEGER,
}: {
  readonly minimum: number;
  readonly maximum?: number;
}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    const range = maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}, got '${text}'.`);
  };
}

/** Reads `step:50`. */
export function stepReference(text: string): number {
  const [, step] = /^step:(\d{1,15})$/.exec(text) ?? [];
  if (step !== undefined) return Number(step);
  throw new InvalidArgumentError(`Expected step:N, got '${text}'.`);
}

/** Reads `20..30`, or `20` for one step. */
export function stepRange(text: string): { readonly first: number; readonly last: number } {
  const [, first, last = first] = /^(\d{1,15})(?:\.\.(\d{1,15}))?$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (first !== undefined && range.first >= 1 && range.last >= range.first) return range;
  throw new InvalidArgumentError(`Expected steps a..b from 1 on, got '${text}'.`);
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `500ms`, `5s`, `10m` or `1h` as milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS_MS[unit ?? ''] ?? NaN);
  if (ms > 0) return ms;
  throw new InvalidArgumentError(`Expected a duration such as 500ms, 5s or 10m, got '${text}'.`);
}
