/**
 * Keeping a log's copy: records go there one at a time, in order, behind the log itself. The copy is compare-and-set, so whatever
 * happened to an answer, a look at the copy's last record says where to go on: it is in this log's chain, or another leader has written.
 */
import { backOffMs, pause } from './back-off.ts';
import { depositionByCopy, RunStoreError } from './errors.ts';
import type { LogReplica, ReplicatedRecord } from './log-replica.ts';
import { RecordWindow } from './record-window.ts';
import type { Reread } from './record-window.ts';

/** The copy itself. An error with the code FENCED says that another record is the last one than was seen; all others pass with time. */
export interface CopyPort {
  /** Appends behind the record that {@link last} saw. */
  append(record: ReplicatedRecord): Promise<void>;
  /** The last record, read anew. */
  last(): Promise<Omit<ReplicatedRecord, 'bytes'> | undefined>;
}

/** Options of {@link ReplicaQueue}. */
export interface ReplicaQueueOptions {
  /** Names the copy to people. */
  readonly name: string;
  readonly port: CopyPort;
  /** Reads the local log: see {@link rereadLog}. */
  readonly reread: Reread;
  /** Records that wait in memory, bytes; beyond it they are read again. Default 16 MiB. */
  readonly memoryBytes?: number;
  /** Pause before the next attempt, ms, after so many that have failed; default 50 ms to 2 s, with jitter. */
  readonly pauseMs?: (failures: number) => number;
  /** Told of the first failure of an outage. */
  readonly onTrouble?: (error: Error) => void;
  /** Told when the copy works again. */
  readonly onMended?: () => void;
}

/** How far the copy is behind. */
export interface ReplicaStatus {
  /** Records that are in the log, or wait for their admission, and are not known to be in the copy. */
  readonly behind: number;
  /** Their bytes; of records that were written before this process only once they were read. */
  readonly behindBytes: number;
  /** Whether the copy does not answer, or refuses. */
  readonly isWaiting: boolean;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: RunStoreError) => void;
}

const MEMORY_BYTES = 16 * 1024 * 1024;

/** The copy of one log. Limitations: one admission at a time, as a {@link CommitLog} makes them. */
export class ReplicaQueue implements LogReplica {
  readonly #options: ReplicaQueueOptions;
  readonly #window: RecordWindow;
  /** Where the copy ends: the sequence after its last record, and that one's hash. Undefined while it is not known. */
  #end: { readonly next: number; readonly hash: string | undefined } | undefined;
  #admission: Waiter | undefined;
  #ready: Waiter[] = [];
  #flushing: (() => void)[] = [];
  /** The last record that is known to be in the copy, -1 for none; undefined before the first look. */
  #known: number | undefined;
  /** Records that were given before that look. */
  #given = 0;
  /** Failures, and conflicts, since the last success. */
  #failures = 0;
  #conflicts = 0;
  #isRunning = false;
  /** Whether something was given since the last look at what there is to do. */
  #isAsked = false;
  #over: RunStoreError | undefined;
  #wake: () => void = () => undefined;

  constructor(options: ReplicaQueueOptions) {
    this.#options = options;
    this.#window = new RecordWindow(options.reread, options.memoryBytes ?? MEMORY_BYTES);
  }

  /** How far the copy is behind. */
  get status(): ReplicaStatus {
    const { newest, bytes } = this.#window;
    const behind = newest && this.#known !== undefined ? Math.max(0, newest.sequence - this.#known) : this.#given;
    return { behind, behindBytes: bytes, isWaiting: this.#failures > 0 };
  }

  get deposed(): RunStoreError | undefined {
    return this.#over?.code === 'LOG_DEPOSED' ? this.#over : undefined;
  }

  offer(records: readonly ReplicatedRecord[]): void {
    if (this.#over || records.length === 0) return;
    for (const record of records) this.#window.push(record);
    this.#given += records.length;
    this.#start();
  }

  admit(record: ReplicatedRecord): Promise<void> {
    return this.#waiting((waiter) => {
      if (this.#admission) throw new Error(`admission of record ${record.sequence}: expected one at a time, got a second one`);
      this.#window.wait(record);
      this.#given++;
      this.#admission = waiter;
    });
  }

  ready(): Promise<void> {
    return this.#waiting((waiter) => this.#ready.push(waiter));
  }

  /** Waits until the copy has all that was given, at most so long; whether it has. */
  async flush(graceMs: number): Promise<boolean> {
    if (!this.#isComplete && !this.#over) {
      const { done, end } = pause(graceMs);
      this.#flushing.push(end);
      this.#start();
      await done;
    }
    return this.#isComplete;
  }

  /** Ends it: what waits for the copy rejects with LOG_WRITE, and nothing more goes there. */
  close(): void {
    const hint = 'see that NATS can be reached; whoever takes the run over finds the record where it got through';
    const closed = { what: this.#options.name, expected: 'an answer from the copy of the log', got: 'its end', hint };
    this.#finish(new RunStoreError('LOG_WRITE', closed));
  }

  get #isComplete(): boolean {
    const { newest } = this.#window;
    return newest === undefined || (this.#end !== undefined && this.#end.next > newest.sequence);
  }

  async #waiting(begin: (waiter: Waiter) => void): Promise<void> {
    if (this.#over) throw this.#over;
    await new Promise<void>((resolve, reject) => {
      begin({ resolve, reject });
      this.#start();
    });
  }

  #start(): void {
    this.#isAsked = true;
    if (this.#isRunning || this.#over) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Works until there is nothing to do; never rejects. */
  async #run(): Promise<void> {
    while (this.#over === undefined) {
      this.#isAsked = false;
      try {
        if (!(await this.#advance()) && !this.#isAsked) break;
      } catch (error) {
        await this.#fail(error as Error);
      }
    }
    this.#isRunning = false;
  }

  /** Goes one step towards a copy that has all; whether there may be more to do. */
  async #advance(): Promise<boolean> {
    if (!this.#isComplete) {
      if (this.#end) await this.#append(this.#end);
      else await this.#locate();
      return true;
    }
    for (const done of this.#flushing.splice(0)) done();
    if (this.#ready.length === 0) return false;
    const asked = this.#ready.slice();
    await this.#locate();
    if (!this.#isComplete) return true;
    this.#succeed();
    this.#ready = this.#ready.filter((waiter) => !asked.includes(waiter));
    for (const { resolve } of asked) resolve();
    return true;
  }

  async #append(end: { readonly next: number; readonly hash: string | undefined }): Promise<void> {
    const record = await this.#window.at(end.next);
    if (end.hash !== undefined && record.previous !== end.hash)
      throw new Error(`log: expected record ${end.next} to go on from ${end.hash}, got ${record.previous}`);
    this.#end = undefined; // not known until the answer is there
    await this.#options.port.append(record);
    this.#succeed();
    this.#stored(record);
  }

  /** Finds out where the copy ends, and whether that is in this log. */
  async #locate(): Promise<void> {
    const last = await this.#options.port.last();
    const { newest } = this.#window;
    if (newest === undefined || this.#over) return;
    if (last === undefined) {
      this.#end = { next: 0, hash: undefined };
      this.#known = -1;
      return;
    }
    const isOurs = last.term <= newest.term && last.sequence <= newest.sequence && last.hash === (await this.#window.hashAt(last.sequence));
    if (isOurs) this.#stored(last);
    else this.#finish(depositionByCopy(this.#options.name, newest.term, last));
  }

  #stored({ sequence, hash }: Pick<ReplicatedRecord, 'sequence' | 'hash'>): void {
    if (this.#over) return;
    this.#end = { next: sequence + 1, hash };
    this.#known = sequence;
    this.#window.drop(sequence);
    if (this.#window.isAdmitting) return;
    this.#admission?.resolve();
    this.#admission = undefined;
  }

  /** A conflict is looked into at once, the first time; anything else is tried again later. */
  async #fail(error: Error): Promise<void> {
    this.#end = undefined;
    if ('code' in error && error.code === 'FENCED' && this.#conflicts++ === 0) return;
    this.#failures++;
    if (this.#failures === 1) this.#options.onTrouble?.(error);
    if (this.#over) return;
    const { done, end } = pause((this.#options.pauseMs ?? backOffMs)(this.#failures));
    this.#wake = end;
    await done;
  }

  #succeed(): void {
    if (this.#failures > 0 && this.#over === undefined) this.#options.onMended?.();
    this.#failures = 0;
    this.#conflicts = 0;
  }

  #finish(error: RunStoreError): void {
    if (this.#over) return;
    this.#over = error;
    for (const waiter of [...this.#ready.splice(0), ...(this.#admission ? [this.#admission] : [])]) waiter.reject(error);
    this.#admission = undefined;
    for (const done of this.#flushing.splice(0)) done();
    this.#wake();
  }
}
