/**
 * The journal of a run: the total of every round since the last checkpoint, so that a coordinator that comes back repeats only its own arithmetic
 * (exactness.md 12). A cache beside the log: nothing waits for it, nothing is synced, and whatever it cannot keep or read is computed
 * again by workers. So none of its methods fails; it turns itself off, until the next checkpoint, and says why.
 */
import { basename, join } from 'node:path';
import { encodeJournalRecord } from '@geodesic/cluster';
import type { JournalRecord, RoundIdentity } from '@geodesic/cluster';
import { nodeFileSystem } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import { JournalBudget } from './journal-budget.ts';
import type { JournalBudgetOptions } from './journal-budget.ts';
import { indexJournalFile, JournalFileWriter, readJournalRecord } from './journal-file.ts';
import type { JournalPlace } from './journal-file.ts';
import type { RunFolder } from './run-folder.ts';

/** Options of {@link Journal}. */
export interface JournalOptions extends JournalBudgetOptions {
  /** The step of the checkpoint from which the run goes on. */
  readonly step: number;
  /** What may wait in memory for the disk, bytes; more turns the journal off. Default 64 MiB, and always one round. */
  readonly maxPendingBytes?: number;
  /** Told why the journal is off until the next checkpoint. */
  readonly onOff?: (reason: string) => void;
  /** Default the machine's. */
  readonly fileSystem?: FileSystem;
}

/** The file for the rounds after one checkpoint. */
interface Current {
  readonly step: number;
  readonly writer: JournalFileWriter;
  readonly budget: JournalBudget;
  /** `full`: nothing more is accepted; `broken`: what was accepted is not written either. */
  state: 'on' | 'full' | 'broken';
}

/** Keeps rounds and finds them again. Limitations: one process writes; its files are trusted as far as their CRCs go. */
export class Journal {
  readonly #folder: RunFolder;
  readonly #options: JournalOptions;
  readonly #fileSystem: FileSystem;
  /** Rounds on disk, by {@link keyOf}. */
  readonly #places = new Map<string, JournalPlace>();
  /** Rounds on their way there. */
  readonly #pending = new Set<string>();
  #pendingBytes = 0;
  /** Memory of a frame that has been written, for a later one. */
  #spare: ArrayBuffer | undefined;
  #current: Current;
  #last: Promise<void> = Promise.resolve();

  private constructor(folder: RunFolder, options: JournalOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#fileSystem = options.fileSystem ?? nodeFileSystem;
    this.#current = this.#begin(options.step);
  }

  /** Opens the journal of a run and finds what is in it, reading headers alone. What is torn or cannot be read is left out. */
  static async open(folder: RunFolder, options: JournalOptions): Promise<Journal> {
    const journal = new Journal(folder, options);
    await journal.#fileSystem.makeFolder(folder.journals).catch((error: unknown) => journal.#turnOff(journal.#current, 'full', error));
    for (const { path } of await journal.#files()) {
      const places = await indexJournalFile(journal.#fileSystem, path).catch((): readonly JournalPlace[] => []);
      for (const place of places) journal.#places.set(keyOf(place.round), place);
    }
    return journal;
  }

  /** Whether rounds are being kept. */
  get isOn(): boolean {
    return this.#current.state === 'on';
  }

  /** How many rounds can be taken. */
  get size(): number {
    return this.#places.size;
  }

  /** Resolves when what was kept so far is on its file, or will never be. */
  get written(): Promise<void> {
    return this.#last;
  }

  /** Keeps a round, unless the journal is off or has it already; written behind. Copies the arrays. */
  append(record: JournalRecord): void {
    const current = this.#current;
    const key = keyOf(record.round);
    if (current.state !== 'on' || this.#places.has(key) || this.#pending.has(key)) return;
    const frame = encodeJournalRecord(record, this.#spare);
    this.#spare = undefined;
    const refusal = current.budget.spend(frame.length) ?? this.#refuseToQueue(frame.length);
    if (refusal !== undefined) return this.#turnOff(current, 'full', refusal);
    this.#pending.add(key);
    this.#pendingBytes += frame.length;
    void this.#then(async () => {
      try {
        if (current.state !== 'broken') this.#places.set(key, await current.writer.write(record.round, frame));
      } catch (error) {
        this.#turnOff(current, 'broken', error);
      }
      this.#pending.delete(key);
      this.#pendingBytes -= frame.length;
      if (this.isOn) this.#spare = frame.buffer;
    });
  }

  /** The round with this identity, its arrays the caller's; undefined when it must be computed. Reads that round alone. */
  async take(round: RoundIdentity): Promise<JournalRecord | undefined> {
    const key = keyOf(round);
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    const record = await readJournalRecord(this.#fileSystem, place).catch(() => undefined);
    if (record === undefined && this.#places.get(key) === place) this.#places.delete(key);
    return record;
  }

  /** A checkpoint has been captured: what follows goes into a new file, and the journal is on again. */
  rotate(step: number): void {
    const { writer } = this.#current;
    void this.#then(() => writer.close());
    this.#current = this.#begin(step);
  }

  /** The checkpoint of a step is durable: removes the files before it. Resolves when they are gone or cannot be removed. */
  retire(durableStep: number): Promise<void> {
    return this.#then(async () => {
      const old = (await this.#files()).filter(({ step }) => step < durableStep && step !== this.#current.step);
      const removed = new Set<string>();
      for (const { path } of old) {
        const isRemoved = await this.#fileSystem.remove(path).then(
          () => true,
          () => false,
        );
        if (isRemoved) removed.add(path);
      }
      for (const [key, { path }] of this.#places) if (removed.has(path)) this.#places.delete(key);
    });
  }

  /** Resolves when all that was kept is written, and closes the file; nothing more is kept. */
  async close(): Promise<void> {
    const { writer, state } = this.#current;
    if (state === 'on') this.#current.state = 'full';
    await this.#then(() => writer.close());
  }

  #begin(step: number): Current {
    const writer = new JournalFileWriter(this.#fileSystem, (part) => this.#folder.journal(step, part));
    return { step, writer, budget: new JournalBudget(this.#options), state: 'on' };
  }

  /** Does something after all that has been asked before; never rejects. */
  #then(operation: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(operation).catch(() => undefined); // a cache: what could not be done is not missed
    return this.#last;
  }

  #refuseToQueue(bytes: number): string | undefined {
    const { maxPendingBytes = 64 * 1024 * 1024 } = this.#options;
    if (this.#pendingBytes === 0 || this.#pendingBytes + bytes <= maxPendingBytes) return undefined;
    return `expected at most ${maxPendingBytes} bytes to wait for the disk, got ${this.#pendingBytes + bytes}`;
  }

  #turnOff(current: Current, state: 'full' | 'broken', reason: unknown): void {
    const wasOn = current.state === 'on';
    current.state = state;
    this.#spare = undefined;
    if (wasOn) this.#options.onOff?.(reason instanceof Error ? reason.message : String(reason));
  }

  async #files(): Promise<readonly { readonly path: string; readonly step: number }[]> {
    const names = await this.#fileSystem.list(this.#folder.journals).catch((): readonly string[] => []);
    const files = names.map((name) => ({ path: join(this.#folder.journals, name), step: stepOf(name) }));
    return files.filter((file): file is { path: string; step: number } => file.step !== undefined).sort((a, b) => a.step - b.step);
  }
}

function keyOf({ run, step, attempt, phase, inputDigest }: RoundIdentity): string {
  return JSON.stringify([run, step, attempt, phase, inputDigest]);
}

function stepOf(path: string): number | undefined {
  const step = /^step-(\d{6,})(?:-\d{2,})?\.journal$/.exec(basename(path))?.[1];
  return step === undefined ? undefined : Number(step);
}
