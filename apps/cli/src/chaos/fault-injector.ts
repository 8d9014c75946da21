/**
 * Carries out a schedule of faults on the processes of a local cluster and the lines of its workers; nothing else is touched. Whatever it
 * stopped or cut for a while goes on when it ends.
 */
import type { FaultKind, ScheduledFault } from '@geodesic/chaos';
import type { LocalCluster } from '../cluster/local-cluster.ts';
import type { ManagedProcess } from '../cluster/managed-process.ts';
import type { WorkerLines } from './worker-lines.ts';

/** A fault that happened. */
export interface InjectedFault {
  readonly kind: FaultKind | 'stop-coordinator';
  /** The name of the process. */
  readonly whom: string;
  /** On the clock of `performance.now()`. */
  readonly atMs: number;
  /** How long it lasts, ms; 0 for what happens in an instant. */
  readonly durationMs: number;
}

/** Options of {@link FaultInjector}. */
export interface FaultInjectorOptions {
  readonly cluster: LocalCluster;
  /** Absent: no line is broken. */
  readonly lines?: WorkerLines;
  readonly schedule: readonly ScheduledFault[];
  readonly onFault: (fault: InjectedFault) => void;
}

/** A coordinator that is just being started again is killed a little later. */
const RETRY_MS = 100;

/** Breaks things at their times. */
export class FaultInjector {
  readonly #options: FaultInjectorOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #stopped = new Set<ManagedProcess>();
  /** Killed by it: their end is known a moment later. */
  readonly #killed = new WeakSet<ManagedProcess>();
  #isOver = false;

  constructor(options: FaultInjectorOptions) {
    this.#options = options;
  }

  /** Begins: the schedule's time starts now. */
  start(): void {
    for (const fault of this.#options.schedule) this.#after(fault.atMs, () => this.#inject(fault));
  }

  /** Kills the coordinator now, or as soon as there is one. */
  killCoordinator(): void {
    const { cluster } = this.#options;
    const { coordinator } = cluster;
    if (this.#isOver || cluster.isStopping) return;
    if (!this.#isThere(coordinator)) return this.#after(RETRY_MS, () => this.killCoordinator());
    this.#kill(coordinator);
    this.#tell('kill-coordinator', coordinator.name);
  }

  /** Mends what lasts and breaks nothing more. */
  end(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const process of this.#stopped) process.kill('SIGCONT');
    this.#options.lines?.mend();
  }

  #inject(fault: ScheduledFault): void {
    const { cluster } = this.#options;
    if (this.#isOver || cluster.isStopping) return;
    if (fault.kind === 'kill-coordinator') this.killCoordinator();
    else
      this.#disturbWorker(
        fault,
        cluster.workers.filter((worker) => this.#isThere(worker)),
      );
  }

  #disturbWorker({ kind, target, durationMs }: ScheduledFault, workers: readonly ManagedProcess[]): void {
    const { cluster } = this.#options;
    // One more than there are workers: now and then the coordinator hangs.
    if (kind === 'stop-worker' && target % (workers.length + 1) === workers.length)
      return this.#stop('stop-coordinator', cluster.coordinator, durationMs);
    if (workers.length === 0) return;
    const worker = workers[target % workers.length];
    if (kind === 'stop-worker') return this.#stop(kind, worker, durationMs);
    if (kind === 'kill-worker') {
      this.#kill(worker);
      return this.#tell(kind, worker.name);
    }
    this.#break(kind, worker.name, { target, durationMs });
  }

  #stop(kind: 'stop-worker' | 'stop-coordinator', process: ManagedProcess, durationMs: number): void {
    if (!this.#isThere(process)) return;
    process.kill('SIGSTOP');
    this.#stopped.add(process);
    this.#after(durationMs, () => {
      this.#stopped.delete(process);
      process.kill('SIGCONT');
    });
    this.#tell(kind, process.name, durationMs);
  }

  #break(kind: FaultKind, worker: string, { target, durationMs }: Pick<ScheduledFault, 'target' | 'durationMs'>): void {
    const line = this.#options.lines?.of(worker);
    if (line === undefined) return;
    if (kind === 'cut') line.cut();
    else if (kind === 'partition') {
      line.partition();
      this.#after(durationMs, () => line.heal());
    } else if (kind === 'half-open') {
      line.set(target % 2 === 0 ? { up: { stopped: true } } : { down: { stopped: true } });
      this.#after(durationMs, () => line.set({}));
    } else return;
    this.#tell(kind, worker, durationMs);
  }

  #kill(process: ManagedProcess): void {
    this.#killed.add(process);
    process.kill('SIGKILL');
  }

  #isThere(process: ManagedProcess): boolean {
    return process.isRunning && !this.#killed.has(process);
  }

  #tell(kind: InjectedFault['kind'], whom: string, durationMs = 0): void {
    this.#options.onFault({ kind, whom, atMs: performance.now(), durationMs });
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}
