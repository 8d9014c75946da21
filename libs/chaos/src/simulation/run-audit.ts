/**
 * The promises, watched while a simulation runs and checked at its end: every round covers each slot once, every announcement is durable when it
 * is made and never contradicted, the log is the reference's, and so is every bit of the state.
 */
import { slotsOf, verifyLog, viewLog } from '@geodesic/cluster';
import type { Contribution, CoverageEntry, LogEntry, RoundPlan } from '@geodesic/cluster';
import type { SimulatedDisk } from './simulated-disk.ts';
import { readSegments } from './simulated-log.ts';
import type { DurablePlace } from './simulated-log.ts';
import { examplesOfStep, SLOTS } from './toy/toy-data.ts';
import type { ReferenceRun } from './toy/reference-run.ts';

const ALL_SLOTS = Array.from({ length: SLOTS }, (_, slot) => slot).join();

/** A promise was broken. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
}

/** What is announced of a log entry; undefined for those that are not. */
export function announcementOf(entry: LogEntry): string | undefined {
  if (entry.type === 'step') return `step ${entry.step}`;
  if (entry.type === 'rejected') return `rejected ${entry.step}.${entry.attempt}`;
  return entry.type === 'control' && entry.action !== 'stop' ? `control ${entry.action} ${entry.reason}` : undefined;
}

/** Watches one simulation. */
export class RunAudit {
  readonly #reference: ReferenceRun;
  readonly #disk: SimulatedDisk;
  /** By number, as whoever watches the run has seen them. */
  readonly #announced: string[] = [];

  constructor(reference: ReferenceRun, disk: SimulatedDisk) {
    this.#reference = reference;
    this.#disk = disk;
  }

  /** A round has been computed. */
  round({ step, phase }: RoundPlan, total: Contribution, coverage: readonly CoverageEntry[]): void {
    const slots = coverage.flatMap(({ block }) => slotsOf(block)).join();
    if (slots !== ALL_SLOTS) throw new BrokenPromise(`step ${step} ${phase}: expected each slot once, got ${slots}`);
    const examples = examplesOfStep(step);
    if (total.count !== examples) throw new BrokenPromise(`step ${step} ${phase}: expected ${examples} examples, got ${total.count}`);
  }

  /** Something is announced under its number. @param place where its entry ends on the disk */
  announce(number: number, text: string, place: DurablePlace | undefined): void {
    if (place && this.#disk.durableBytes(place.file) < place.end)
      throw new BrokenPromise(`announced before it is durable: ${number} ${text}`);
    const known = this.#announced.at(number);
    if (number > this.#announced.length)
      throw new BrokenPromise(`announcement ${this.#announced.length} is missing before ${number} ${text}`);
    if (known !== undefined && known !== text) throw new BrokenPromise(`announcement ${number} was ${known}, is now ${text}`);
    if (known === undefined) this.#announced.push(text);
  }

  /** The run is completed with this state. */
  complete(digest: string): void {
    this.#checkLog();
    if (digest !== this.#reference.digest) throw new BrokenPromise(`final state: expected ${this.#reference.digest}, got ${digest}`);
  }

  #checkLog(): void {
    const { records, unconnected, notes } = readSegments(this.#disk);
    if (unconnected > 0) throw new BrokenPromise(`the log has lost records: ${notes.join('; ')}`);
    const [fault] = verifyLog(records).faults;
    if (fault !== undefined) throw new BrokenPromise(`the log is not sound: ${fault}`);
    const logged = records.flatMap((record) => announcementOf(record) ?? []);
    const differing = Math.max(logged.length, this.#announced.length);
    for (let i = 0; i < differing; i += 1)
      if (logged[i] !== this.#announced[i])
        throw new BrokenPromise(
          `announcement ${i}: the log says ${logged[i] ?? 'nothing'}, announced was ${this.#announced[i] ?? 'nothing'}`,
        );
    const commits = viewLog(records).commits.map((entry) =>
      entry.type === 'step'
        ? `${entry.step}.${entry.attempt} step ${entry.chain}`
        : `${entry.step}.${entry.attempt} rejected ${entry.position?.chain ?? ''}`,
    );
    this.#reference.commits.forEach((expected, i) => {
      if (commits[i] !== expected) throw new BrokenPromise(`commit ${i}: expected ${expected}, got ${commits[i] ?? 'nothing'}`);
    });
    if (commits.length !== this.#reference.commits.length)
      throw new BrokenPromise(`expected no commit after the last, got ${commits.at(-1)}`);
  }
}
