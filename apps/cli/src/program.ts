/**
 * The command line of `geo`: options and help, and the one place where an answer or an error becomes output and an exit code.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { printError, printResult, OUTPUT_FORMATS, type CommandIo, type CommandResult, type OutputFormat } from './output.ts';
import { toCliError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes: 0 ok, 1 the run (or a check) failed, 2 usage or spec error, 3 cluster unreachable or port in use, 4 interrupted, 70 internal error.
GEO_DEBUG=1 adds stack traces to errors, NO_COLOR=1 takes the colours out.`;

/** Runs one command line (without `node` and the program's path) to its end. */
export async function runProgram(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram(io, (result, format) => {
    printResult(result, format, io);
    exitCode = result.exitCode;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok; // --help or --version
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage; // no command: the help was the answer
    const cliError = toCliError(error);
    printError(cliError, formatOf(argv), io);
    return cliError.exitCode;
  }
}

type Answer = (result: CommandResult, format: OutputFormat) => void;

function createProgram(io: CommandIo, answer: Answer): Command {
  // Errors are printed by runProgram, in the format that was asked for.
  const output = {
    writeOut: (text: string) => void io.stdout.write(text),
    writeErr: (text: string) => void io.stderr.write(text),
    outputError: () => undefined,
  };
  const program = new Command('geo').exitOverride().configureOutput(output);
  program
    .description('Distributed training by natural gradient, exact under any change of workers.')
    .version(VERSION)
    .addHelpText('after', EXIT_CODES);
  addRun(program, io, answer);
  addValidate(program, answer);
  addExport(program, answer);
  addCurvature(program, io, answer);
  addDoctor(program, io, answer);
  return program;
}

interface SharedOptions {
  readonly format: OutputFormat;
}

function addRun(program: Command, io: CommandIo, answer: Answer): void {
  interface Options extends SharedOptions {
    readonly set: readonly string[];
    readonly workers?: number;
    readonly runs: string;
    readonly port: number;
  }
  program
    .command('run <spec>')
    .description('train a run spec on a local cluster: a coordinator and worker processes on this host')
    .addOption(overrideOption())
    .option('--workers <n>', "worker processes (default: the spec's cluster.workers)", integer({ minimum: 1 }))
    .option('--runs <dir>', 'folder that receives a folder for this run', 'runs')
    .option('--port <n>', 'port of the coordinator on 127.0.0.1, 0 for a free one', integer({ minimum: 0, maximum: 65_535 }), 0)
    .addOption(formatOption())
    .action(async (specPath: string, { set, workers, runs, port, format }: Options) => {
      const { runCommand } = await import('./commands/run.ts');
      const count = workers === undefined ? {} : { workers };
      answer(await runCommand({ specPath, overrides: set, ...count, runsFolder: runs, port, format }, io), format);
    });
}

function addValidate(program: Command, answer: Answer): void {
  program
    .command('validate <spec>')
    .description('check a run spec and show it with every default filled in')
    .addOption(overrideOption())
    .addOption(formatOption())
    .action(async (specPath: string, { set, format }: SharedOptions & { readonly set: readonly string[] }) => {
      const { validateCommand } = await import('./commands/validate.ts');
      answer(await validateCommand({ specPath, overrides: set }), format);
    });
}

function addExport(program: Command, answer: Answer): void {
  interface Options extends SharedOptions {
    readonly set: readonly string[];
    readonly to: string;
  }
  program
    .command('export <spec> <checkpoint>')
    .description('write the weights of a checkpoint back into the tf.LayersModel of a run spec')
    .requiredOption('--to <dir>', 'folder that receives model.json and weights.bin')
    .addOption(overrideOption())
    .addOption(formatOption())
    .action(async (specPath: string, checkpoint: string, { set, to, format }: Options) => {
      const { exportCommand } = await import('./commands/export.ts');
      answer(await exportCommand({ specPath, overrides: set, checkpoint, to }), format);
    });
}

function addCurvature(program: Command, io: CommandIo, answer: Answer): void {
  interface Options extends SharedOptions {
    readonly runs: string;
    readonly step?: number;
    readonly history?: string;
  }
  program
    .command('curvature <run>')
    .description("how the curvature of a run's layers is, the worst first; a run is an id, the beginning of one, or a run folder")
    .option('--step <n>', 'the state after this step (default: the latest)', integer({ minimum: 0 }))
    .option('--history <layer>', 'every report of one layer instead')
    .option('--runs <dir>', 'the folder of runs', 'runs')
    .addOption(formatOption(['text', 'json']))
    .action(async (run: string, { runs, format, ...which }: Options) => {
      const { curvatureCommand } = await import('./commands/curvature.ts');
      answer(await curvatureCommand({ run, runsFolder: runs, ...which }, io), format);
    });
}

function addDoctor(program: Command, io: CommandIo, answer: Answer): void {
  program
    .command('doctor')
    .description('check this host: Node, cores, memory, executors, ports, disk')
    .option('--runs <dir>', 'the folder of runs to check', 'runs')
    .addOption(formatOption())
    .action(async ({ runs, format }: SharedOptions & { readonly runs: string }) => {
      const { doctorCommand } = await import('./commands/doctor.ts');
      answer(await doctorCommand({ runsFolder: runs }, io), format);
    });
}

function overrideOption(): Option {
  return new Option('--set <path=value>', 'override one value of the spec, such as seed=2; may be repeated')
    .argParser((value: string, previous: readonly string[]) => [...previous, value])
    .default([], 'none');
}

function formatOption(formats: readonly OutputFormat[] = OUTPUT_FORMATS): Option {
  const events = formats.includes('jsonl') ? ', jsonl for events and the envelope' : '';
  return new Option('--format <format>', `text for people, json for one envelope${events}`).choices([...formats]).default('text');
}

function integer({
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

/** The format that a command line asks for, found without parsing it, since parsing is what may have failed. */
function formatOf(argv: readonly string[]): OutputFormat {
  const at = argv.findIndex((argument) => argument === '--format' || argument.startsWith('--format='));
  const value = at < 0 ? undefined : (argv[at].split('=')[1] ?? argv[at + 1]);
  return OUTPUT_FORMATS.find((format) => format === value) ?? 'text';
}
