#!/usr/bin/env node
/**
 * geodesic-coordinator: hosts runs. Prints one JSON line on stdout when it listens, structured log lines on stderr, and ends with a
 * documented exit code (README.md).
 */
import { createLogger } from '@geodesic/telemetry';
import { parseCoordinatorArguments } from './arguments.ts';
import { exitCodeOf, reportError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { loadTrainerFactory } from './load-trainer.ts';
import type { TrainerFactory } from './run-meta.ts';
import { startCoordinator } from './start-coordinator.ts';

const logger = createLogger({ component: 'coordinator' });

async function main(): Promise<ExitCode> {
  const { exitWithParent, ...options } = parseCoordinatorArguments(process.argv.slice(2));
  const createTrainer: TrainerFactory = async (bundle, resume) => (await loadTrainerFactory())(bundle, resume);
  const coordinator = await startCoordinator({ ...options, createTrainer, logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => coordinator.stop(signal));
  if (exitWithParent) process.stdin.once('end', () => coordinator.stop('the parent process ended')).resume();
  process.stdout.write(`${JSON.stringify({ event: 'listening', address: coordinator.address, pid: process.pid })}\n`);
  return coordinator.over;
}

process.on('uncaughtException', (error) => {
  logger.error(error.message, { error });
  process.exit(EXIT.internal);
});

try {
  process.exit(await main());
} catch (error) {
  logger.error(reportError(error).message, { ...reportError(error) });
  process.exit(exitCodeOf(error));
}
