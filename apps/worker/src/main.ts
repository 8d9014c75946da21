#!/usr/bin/env node
/**
 * geodesic-worker: computes for a coordinator until its run is over. Structured log lines on stderr, nothing on stdout, a documented
 * exit code (README.md). This thread does the network; the arithmetic is in the compute thread.
 */
import { createLogger } from '@geodesic/telemetry';
import { parseWorkerArguments } from './arguments.ts';
import { asWorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import { runWorker } from './worker.ts';

const logger = createLogger({ component: 'worker' });
const leaving = new AbortController();

process.on('uncaughtException', (error) => {
  logger.error(error.message, { error });
  process.exit(EXIT.internal);
});

try {
  const { coordinator, name, exitWithParent } = parseWorkerArguments(process.argv.slice(2));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => leaving.abort());
  if (exitWithParent) process.stdin.once('end', () => leaving.abort()).resume();
  process.exit(await runWorker({ coordinator, name, logger: logger.child({ worker: name }), signal: leaving.signal }));
} catch (error) {
  const { code, message, hint, exitCode } = asWorkerError(error);
  logger.error(message, { code, hint });
  process.exit(exitCode);
}
