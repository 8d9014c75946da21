/**
 * Waiting for the disk: an operation that fails because the disk is full or broken is tried again until it works or nobody waits any
 * more. The operation itself must start afresh every time: never on a descriptor that has failed (exactness.md 11).
 */
import { RunStoreError } from './errors.ts';
import { storageFaultOf } from './storage-fault.ts';

/** What failed, for the first time. */
export interface StorageFailure {
  readonly what: string;
  readonly error: Error;
}

/** What works again. */
export interface StorageMended {
  readonly what: string;
  /** How often it was tried, with the time that it worked. */
  readonly attempts: number;
}

/** Options of {@link StorageGuard}. */
export interface StorageGuardOptions {
  /** Pause between two attempts, ms; default 1000. */
  readonly retryMs?: number;
  /** Told once for each operation that has to wait. */
  readonly onFailure?: (failure: StorageFailure) => void;
  /** Told when such an operation has worked. */
  readonly onMended?: (mended: StorageMended) => void;
}

/** Retries what the disk refuses. One may serve the log and the checkpoints of a run. */
export class StorageGuard {
  readonly #options: StorageGuardOptions;
  readonly #pauses = new Set<(goOn: boolean) => void>();
  #isAbandoned = false;
  #failing = 0;
  #clear: Promise<void> = Promise.resolve();
  #resolveClear: () => void = () => undefined;

  constructor(options: StorageGuardOptions = {}) {
    this.#options = options;
  }

  /** Whether an operation is waiting for the disk now. */
  get isFailing(): boolean {
    return this.#failing > 0;
  }

  /** Resolves when no operation is waiting for the disk: all have worked or been given up. */
  get clear(): Promise<void> {
    return this.#clear;
  }

  /**
   * Runs an operation until the disk lets it succeed.
   * @param what names it to people
   * @param operation called again after each failure; leaves nothing behind that would hinder the next call
   * @throws {RunStoreError} STORAGE when the disk fails after {@link abandon}; the operation's own error when it is not the disk's
   */
  async run<T>(what: string, operation: () => Promise<T>): Promise<T> {
    for (let attempts = 1; ; attempts++) {
      try {
        const value = await operation();
        if (attempts > 1) this.#options.onMended?.({ what, attempts });
        if (attempts > 1) this.#settle();
        return value;
      } catch (cause) {
        const fault = storageFaultOf(cause);
        if (attempts === 1 && fault) this.#fail({ what, error: cause as Error });
        if (fault && (await this.#pause())) continue;
        if (attempts > 1 || fault) this.#settle();
        if (!fault) throw cause;
        const hint = 'free space on the disk or mend it, then resume the run';
        throw new RunStoreError('STORAGE', { what, expected: 'a disk that can be written', got: fault.message, hint, cause });
      }
    }
  }

  /** Waits no more: what waits is given up, and from now on the first failure is final. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const resume of this.#pauses) resume(false);
  }

  #fail(failure: StorageFailure): void {
    this.#failing++;
    if (this.#failing === 1) this.#clear = new Promise((resolve) => (this.#resolveClear = resolve));
    this.#options.onFailure?.(failure);
  }

  #settle(): void {
    this.#failing--;
    if (this.#failing === 0) this.#resolveClear();
  }

  /** Whether to try again, after a pause. */
  async #pause(): Promise<boolean> {
    if (this.#isAbandoned) return false;
    return new Promise((resolve) => {
      const resume = (goOn: boolean): void => {
        clearTimeout(timer);
        this.#pauses.delete(resume);
        resolve(goOn);
      };
      const timer = setTimeout(() => resume(true), this.#options.retryMs ?? 1000);
      this.#pauses.add(resume);
    });
  }
}
