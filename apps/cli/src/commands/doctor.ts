/**
 * `geo doctor`: can this host run Geodesic, and if not, what to do. Exit code 1 when a check fails.
 */
import { resolve } from 'node:path';
import type { NatsOptions } from '@geodesic/events';
import { natsOptionsOf, type NatsFlags } from '../artery/nats-flags.ts';
import { checksFor, type Check } from '../doctor/checks.ts';
import { executorTable } from '../doctor/executors.ts';
import { gatherLinalg, linalgTable } from '../doctor/linalg.ts';
import { gatherFacts } from '../doctor/facts.ts';
import type { NatsProblem } from '../doctor/nats.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { wantsColour } from '../view/screen.ts';
import { paint, span, type Line, type Style } from '../view/styled-text.ts';

const MARKS: Readonly<Record<Check['status'], readonly [string, Style]>> = { ok: ['✓', 'good'], warn: ['!', 'accent'], fail: ['✗', 'bad'] };

/** Options of {@link doctorCommand}. */
export interface DoctorCommandOptions extends NatsFlags {
  readonly runsFolder: string;
}

/** Runs all checks. */
export async function doctorCommand({ runsFolder, ...flags }: DoctorCommandOptions, io: CommandIo): Promise<CommandResult> {
  const facts = await gatherFacts(resolve(runsFolder), natsOf(flags, io));
  const linalg = await gatherLinalg();
  const checks = checksFor(facts);
  const failures = checks.filter(({ status }) => status === 'fail').length;
  const conclusion = failures === 0 ? 'this host can run Geodesic' : `${failures} of ${checks.length} checks failed`;
  const colour = wantsColour(io.stdout, io.env);
  const tables = [[], ...executorTable(facts.executors), [], ...linalgTable(linalg), []];
  const lines = [...checks.flatMap(linesOf), ...tables, [span(conclusion, 'strong')]].map((line) => paint(line, { colour }));
  return {
    data: { healthy: failures === 0, checks, executors: facts.executors, linalg, nats: facts.nats },
    text: `${lines.join('\n')}\n`,
    exitCode: failures === 0 ? EXIT.ok : EXIT.failed,
  };
}

/** A configuration that is wrong is one of the doctor's findings. */
function natsOf(flags: NatsFlags, { env }: CommandIo): NatsOptions | NatsProblem | undefined {
  try {
    return natsOptionsOf(flags, env);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { message: error.message, hint: error.hint, isFatal: true };
  }
}

function linesOf({ name, status, found, remedy }: Check): Line[] {
  const [mark, style] = MARKS[status];
  const line = [span(mark, style), span(` ${name.padEnd('runs folder'.length)}  `, 'strong'), span(found)];
  return remedy === '' ? [line] : [line, [span(`${' '.repeat('runs folder'.length + 4)}-> ${remedy}`, style)]];
}
