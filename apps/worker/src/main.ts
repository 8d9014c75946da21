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
const abandoning = new AbortController();

/** The first signal asks to leave in order, a second one to leave at once. */
function onSignal(): void {
  if (leaving.signal.aborted) abandoning.abort();
  else leaving.abort();
}

process.on('uncaughtException', (error) => {
  logger.error(error.message, { error });
  process.exit(EXIT.internal);
});

try {
  const { exitWithParent, ...options } = parseWorkerArguments(process.argv.slice(2));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
  if (exitWithParent) process.stdin.once('end', () => abandoning.abort()).resume();
  const signals = { signal: leaving.signal, abandon: abandoning.signal };
  process.exit(await runWorker({ ...options, ...signals, logger: logger.child({ worker: options.name }) }));
} catch (error) {
  const { code, message, hint, exitCode } = asWorkerError(error);
  logger.error(message, { code, hint });
  process.exit(exitCode);
}
