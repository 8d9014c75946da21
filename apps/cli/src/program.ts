/**
 * The command line of `geo`: its commands by group, and the one place where an answer or an error becomes output and an exit code.
 */
import { Command, CommanderError } from 'commander';
import { printError, printResult, OUTPUT_FORMATS, type CommandIo, type OutputFormat } from './output.ts';
import { toCliError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { addDrain, addPause, addScale, addStop } from './program/control-commands.ts';
import { addChaos, addSimulate } from './program/fault-commands.ts';
import { addCheckpoints } from './program/checkpoint-commands.ts';
import { addEvaluate } from './program/evaluate-command.ts';
import { addEvents } from './program/event-commands.ts';
import { addCurvature, addExport, addList, addVerify } from './program/inspection-commands.ts';
import type { AddCommand, ProgramContext } from './program/options.ts';
import { addDoctor, addValidate } from './program/spec-commands.ts';
import { addFork, addResume, addRun } from './program/training-commands.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes: 0 ok, 1 the run (or a check) failed, 2 usage or spec error, 3 cluster unreachable or port in use, 4 interrupted, 70 internal error,
130 Ctrl-C of a command that only looks on.
GEO_DEBUG=1 adds stack traces to errors, NO_COLOR=1 takes the colours out.`;

/** All commands, in the order of the help. */
const GROUPS: readonly (readonly [heading: string, commands: readonly AddCommand[]])[] = [
  ['Train:', [addRun, addResume, addFork]],
  ['Steer a run that is under way:', [addPause, addStop, addScale, addDrain]],
  ['Look into a run:', [addList, addEvents, addVerify, addCheckpoints, addEvaluate, addCurvature, addExport]],
  ['Check a spec or this host:', [addValidate, addDoctor]],
  ['Break things on purpose:', [addChaos, addSimulate]],
];

/** Runs one command line (without `node` and the program's path) to its end. */
export async function runProgram(argv: readonly string[], io: CommandIo): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram({
    io,
    answer: (result, format) => {
      printResult(result, format, io);
      exitCode = result.exitCode;
    },
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

function createProgram(context: ProgramContext): Command {
  const { stdout, stderr } = context.io;
  // Errors are printed by runProgram, in the format that was asked for.
  const output = {
    writeOut: (text: string) => void stdout.write(text),
    writeErr: (text: string) => void stderr.write(text),
    outputError: () => undefined,
  };
  const program = new Command('geo').exitOverride().configureOutput(output);
  program
    .description('Distributed training by natural gradient, exact under any change of workers.')
    .version(VERSION)
    .addHelpText('after', EXIT_CODES);
  for (const [heading, commands] of GROUPS) for (const add of commands) add(program, context).helpGroup(heading);
  return program;
}

/** The format that a command line asks for, found without parsing it, since parsing is what may have failed. */
function formatOf(argv: readonly string[]): OutputFormat {
  const at = argv.findIndex((argument) => argument === '--format' || argument.startsWith('--format='));
  const value = at < 0 ? undefined : (argv[at].split('=')[1] ?? argv[at + 1]);
  return OUTPUT_FORMATS.find((format) => format === value) ?? 'text';
}
