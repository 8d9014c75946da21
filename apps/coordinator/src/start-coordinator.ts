/**
 * Starts a coordinator in this process: checks the folder, listens, hosts runs. The parts that a test replaces are options.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { prepareRunsFolder } from '@geodesic/run-store';
import { silentLogger } from '@geodesic/telemetry';
import type { Logger } from '@geodesic/telemetry';
import { serveWire } from '@geodesic/wire';
import type { WireServer } from '@geodesic/wire';
import { exitCodeOf } from './errors.ts';
import type { Artery } from './artery.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { gatedServices } from './leadership/gated-services.ts';
import type { Services, Standing } from './leadership/gated-services.ts';
import type { Leadership, LeadershipEnd } from './leadership/leadership.ts';
import { openLeadership } from './leadership/open-leadership.ts';
import type { SharedPlace } from './leadership/open-leadership.ts';
import { Lobby } from './lobby.ts';
import type { ResumeRequest } from './resume-run.ts';
import { RunHost } from './run-host.ts';
import type { TrainerFactory } from './run-meta.ts';
import type { FinishedData } from './run-result.ts';

/** How long a coordinator that is done waits for somebody to read the end of its run, ms; less when it was told to leave, or is deposed. */
const DELIVERY_GRACE_MS = { finished: 2000, stopped: 300 };

/** Options of {@link startCoordinator}. */
export interface StartOptions {
  /** Folder of run folders; made when it is missing. */
  readonly runs: string;
  readonly createTrainer: TrainerFactory;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  /** End after one run. */
  readonly once?: boolean;
  /** A run to take up again before others may be submitted. */
  readonly resume?: ResumeRequest;
  /** A cluster with other coordinators, where `place` is known once it is reached: this one stands by until it leads. Default: it leads. */
  readonly ha?: { readonly place: Promise<SharedPlace>; readonly leaseMs: number };
  readonly logger?: Logger;
  /** To NATS; stays open when the coordinator has ended. Default none. */
  readonly artery?: Artery;
}

/** A running coordinator. */
export interface Coordinator {
  /** HOST:PORT. */
  readonly address: string;
  /** Resolves with the exit code when the coordinator has ended; never rejects. */
  readonly over: Promise<ExitCode>;
  /** Stops the run in progress after its present step, then ends; in a cluster with others it leaves the run to them. */
  stop(reason: string): void;
}

/** Starts a coordinator. @throws {RunStoreError} FOLDER, {WireError} PORT_IN_USE, and what a resume is refused with */
export async function startCoordinator(options: StartOptions): Promise<Coordinator> {
  const { createTrainer, host = '127.0.0.1', port = 0, once = false, logger = silentLogger() } = options;
  const runs = await prepareRunsFolder(options.runs);
  const lobby = new Lobby();
  let server: WireServer | undefined;
  let isStopping = false;
  let isDeposed = false;
  let leadership: Leadership | undefined;
  let end: (code: ExitCode) => void = () => undefined;
  const ending = new Promise<ExitCode>((resolve) => (end = resolve));
  const runHost = new RunHost({
    runs,
    createTrainer,
    lobby,
    logger,
    once,
    ...(options.artery && { artery: options.artery }),
    traffic: () => server?.traffic ?? { bytesUp: 0, bytesDown: 0 },
    address: () => server?.address ?? '',
    onFinished: (finished) => {
      if (options.ha && isStopping) return; // it ends when others may lead
      isDeposed = finished.error?.code === 'LOG_DEPOSED';
      if (once || isDeposed) end(codeOf(finished));
    },
    onRefused: (error) => {
      logger.error(error.message, { error });
      if (once) end(EXIT.data);
    },
  });
  const services: Services = { session: lobby, exchange: runHost.exchange, runs: runHost };
  const standing: Standing = {
    get isLeader() {
      return leadership?.isLeader === true;
    },
    get leader() {
      return leadership?.leader;
    },
  };
  server = await serveWire({ host, port, ...(options.ha ? gatedServices(services, standing) : services) });
  const { address } = server;
  const close = server.close.bind(server);
  // It listens already: workers that look for a coordinator wait in the lobby while the run is read.
  if (options.resume && !options.ha)
    await runHost.resume(options.resume).catch((error: unknown) => close().then(() => Promise.reject(error)));
  let leading: Promise<void> | undefined;
  if (options.ha) {
    const opening = openLeadership({
      ...options.ha,
      ...(options.resume && { resume: options.resume }),
      runs,
      address,
      once,
      createTrainer,
      logger,
    });
    const lead = async (): Promise<LeadershipEnd> => {
      leadership = await opening;
      if (isStopping) leadership.leave();
      return leadership.run(runHost);
    };
    leading = lead().then(
      ({ kind }) => end(kind === 'deposed' ? EXIT.retryable : EXIT.ok),
      (error: unknown) => {
        if (!isStopping) logger.error('this coordinator can neither lead nor stand by', { error });
        end(isStopping ? EXIT.ok : exitCodeOf(error));
      },
    );
  }
  return {
    address,
    over: ending.then(async (code) => {
      leadership?.leave();
      if (leadership) await leading;
      await delivered(runHost, isStopping || isDeposed ? DELIVERY_GRACE_MS.stopped : DELIVERY_GRACE_MS.finished);
      await close();
      return code;
    }),
    stop: (reason) => {
      isStopping = true;
      if (leadership) return leadership.leave();
      void runHost.shutdown(reason).then(() => {
        if (!isDeposed) lobby.closeRun({ state: 'stopped', final: true }); // else its workers look for the run's leader
        end(EXIT.ok);
      });
    },
  };
}

/** Failures that another try would meet again. */
const FINAL: ReadonlySet<string> = new Set(['ROUND_FAILED', 'PROGRAM_FAILED', 'SEARCH_FAILED', 'STEP_FAILED', 'LOG_MISMATCH']);

function codeOf({ state, error }: FinishedData): ExitCode {
  if (state !== 'failed') return EXIT.ok;
  if (FINAL.has(error?.code ?? '')) return EXIT.data;
  return error?.code === 'INTERNAL' ? EXIT.internal : EXIT.retryable;
}

/** Waits until the end of the run has been read, or for the grace time. */
async function delivered(runHost: RunHost, graceMs: number): Promise<void> {
  const read = new AbortController();
  const grace = delay(graceMs, undefined, { signal: read.signal }).catch(() => undefined);
  await Promise.race([runHost.delivered(), grace]);
  read.abort();
}
