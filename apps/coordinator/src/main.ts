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
import { natsPlace } from './leadership/nats-place.ts';
import { openArtery } from './nats-artery.ts';
import { startCoordinator } from './start-coordinator.ts';

const logger = createLogger({ component: 'coordinator' });

async function main(): Promise<ExitCode> {
  const { exitWithParent, nats, ...options } = parseCoordinatorArguments(process.argv.slice(2));
  const createTrainer: TrainerFactory = async (bundle, resume) => (await loadTrainerFactory())(bundle, resume);
  const artery = nats && (await openArtery({ ...nats, runs: options.runs, logger }));
  const ha = nats?.ha === true && artery && { place: artery.client.then(natsPlace), leaseMs: nats.leaseMs };
  const coordinator = await startCoordinator({ ...options, ...(artery && { artery }), ...(ha && { ha }), createTrainer, logger });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => coordinator.stop(signal));
  if (exitWithParent) process.stdin.once('end', () => coordinator.stop('the parent process ended')).resume();
  process.stdout.write(`${JSON.stringify({ event: 'listening', address: coordinator.address, pid: process.pid })}\n`);
  const code = await coordinator.over;
  await artery?.close();
  return code;
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
