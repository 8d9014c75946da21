/**
 * Whether a log is one that a run of these rules writes: consecutive steps, attempts and versions, every slot of every round exactly once,
 * leaders and requests in order. Reading it has checked its bytes and its hash chain; what the parameters were is for others to recompute.
 */
import { canonicalJson } from './canonical-json.ts';
import { LOG_START } from './commit-log.ts';
import { findCoverageFaults } from './coverage-check.ts';
import { LOG_FORMAT } from './log-entries.ts';
import type { ControlEntry, FingerprintEntry, FinishedEntry, LogRecord, RejectedEntry, RunEntry, StepEntry } from './log-entries.ts';
import { headAfter, startOfRun } from './log-view.ts';
import type { LogHead } from './log-view.ts';
import { StepRounds } from './step-rounds.ts';

/** What a log was found to hold. */
export interface LogReport {
  /** What is wrong, in the order of the log, a sentence each; empty for a sound log. */
  readonly faults: readonly string[];
  readonly records: number;
  /** Committed steps, a model's initialisation among them. */
  readonly steps: number;
  /** Attempts that were given up. */
  readonly rejected: number;
  /** Committed changes that were taken back. */
  readonly takenBack: number;
  /** Rounds behind the commits; logs of version 1 name the last one of each step. */
  readonly rounds: number;
  /** Of the last rounds of the steps. */
  readonly examples: number;
  /** Slots that a relaxed run left out. */
  readonly droppedSlots: number;
  /** Coordinators that led the run. */
  readonly terms: number;
  /** After the last commit. */
  readonly head: LogHead;
}

/** Checks the records of a log. Never throws. O(bytes) */
export function verifyLog(records: readonly LogRecord[]): LogReport {
  const verifier = new LogVerifier();
  for (const [index, record] of records.entries()) verifier.take(record, index);
  return verifier.report();
}

class LogVerifier {
  readonly #faults: string[] = [];
  readonly #counts = { records: 0, steps: 0, rejected: 0, takenBack: 0, rounds: 0, examples: 0, droppedSlots: 0, terms: 0 };
  /** Where the parameters have stood, by chain. */
  readonly #positions = new Map<string, LogHead>();
  readonly #rounds = new StepRounds();
  #at = 'the log';
  #run: RunEntry | undefined;
  #head: LogHead = { step: 0, version: 0, chain: '' };
  /** Given up since the last step. */
  #attempt = 0;
  #previous = LOG_START.previous;
  #term = 0;
  #pausedFrom: number | undefined;
  #fingerprint: FingerprintEntry | undefined;
  /** Of the present term. */
  #finished: FinishedEntry | undefined;
  /** Of any term: such a run may be computed again, and nothing may come of it. */
  #completed: FinishedEntry | undefined;

  report(): LogReport {
    if (this.#run === undefined) this.#faults.push('the log: expected a run in record 0, got none');
    return { faults: this.#faults, ...this.#counts, head: this.#head };
  }

  take(record: LogRecord, index: number): void {
    const { type, sequence, previous, hash } = record;
    this.#at = `record ${index} (${'step' in record ? `${type} ${record.step}` : type})`;
    this.#counts.records += 1;
    this.#expect('sequence', index, sequence);
    this.#expect('previous hash', this.#previous, previous);
    this.#previous = hash;
    this.#takeTerm(record);
    if (this.#finished && type !== 'finished') this.#fault(`expected nothing after the end at step ${this.#finished.step}`);
    if ((type === 'run') !== (index === 0)) this.#fault(`expected a run in record 0 and nowhere else`);
    try {
      this.#takeEntry(record);
    } catch (error) {
      this.#fault(`expected its fields, got ${String(error)}`); // the framing is checked when it is read, the fields only here
    }
  }

  #takeEntry(record: LogRecord): void {
    switch (record.type) {
      case 'run':
        this.#takeRun(record);
        break;
      case 'fingerprint':
        this.#takeFingerprint(record);
        break;
      case 'term':
        this.#expect('step', this.#head.step, record.step);
        break;
      case 'step':
      case 'rejected':
        this.#takeCommit(record);
        break;
      case 'control':
        this.#takeControl(record);
        break;
      case 'finished':
        this.#takeFinished(record);
        break;
      default:
        this.#fault('expected a kind of record that is known here'); // the CRC vouches for the bytes, not for who wrote them
    }
  }

  #takeTerm({ type, term }: LogRecord): void {
    if (term < this.#term) this.#fault(`expected term ${this.#term} or a later one, got ${term}`);
    const isNew = term > this.#term;
    if (this.#term > 0 && isNew !== (type === 'term')) this.#fault(`expected every later term to begin with a record of it, and only so`);
    if (!isNew) return;
    this.#term = term;
    this.#counts.terms += 1;
    this.#finished = undefined;
  }

  #takeRun(run: RunEntry): void {
    if (this.#run) return;
    this.#run = run;
    this.#head = startOfRun(run);
    this.#positions.set(this.#head.chain, this.#head);
    const { format = 1 } = run;
    if (!(format <= LOG_FORMAT)) this.#fault(`expected format ${LOG_FORMAT} or older, got ${format}`);
  }

  #takeFingerprint(entry: FingerprintEntry): void {
    const [before, now] = [this.#fingerprint, entry].map((of) => of && canonicalJson({ fingerprint: of.fingerprint, solve: of.solve }));
    if (before !== undefined && before !== now && entry.rebased !== true) this.#fault(`expected the fingerprint ${before}, got ${now}`);
    this.#fingerprint = entry;
  }

  #takeCommit(commit: StepEntry | RejectedEntry): void {
    const { step, attempt } = commit;
    const isInitialisation = commit.type === 'step' && commit.phase === 'init' && step === this.#head.step && this.#counts.steps === 0;
    if (!isInitialisation) this.#expect('step', this.#head.step + 1, step);
    this.#expect('attempt', this.#attempt, attempt);
    if (this.#pausedFrom !== undefined && step >= this.#pausedFrom) this.#fault(`the run was paused from step ${this.#pausedFrom} on`);
    if (this.#completed) this.#fault(`expected nothing after the run was completed at step ${this.#completed.step}`);
    this.#takeRounds(commit);
    const position = commit.type === 'step' ? commit : commit.position;
    if (position) this.#takePosition(position);
    this.#head = headAfter(this.#head, commit);
    this.#positions.set(this.#head.chain, this.#head);
    this.#attempt = commit.type === 'step' ? 0 : attempt + 1;
    if (commit.type === 'rejected') {
      this.#counts.rejected += 1;
      if (commit.position) this.#counts.takenBack += 1;
    } else {
      this.#counts.steps += 1;
      this.#counts.examples += commit.examples;
      this.#rounds.forget();
    }
  }

  #takePosition({ version, chain }: { readonly version: number; readonly chain: string }): void {
    this.#expect('version', this.#head.version + 1, version);
    if (this.#positions.has(chain)) this.#fault(`expected a new chain, got that of version ${this.#positions.get(chain)!.version}`);
  }

  #takeRounds(commit: StepEntry | RejectedEntry): void {
    const { format = 1, exactness = 'exact' } = this.#run ?? {};
    const { attempt, phase } = commit;
    let { rounds } = commit;
    if (format >= 2 && (rounds ?? []).length === 0) this.#fault('expected the rounds behind it, got none');
    if (!rounds && commit.type === 'step' && commit.coverage) {
      const { inputDigest, examples, coverage } = commit;
      rounds = [{ attempt, phase, inputDigest, examples, coverage }];
    }
    for (const [index, round] of (rounds ?? []).entries()) {
      const faults = [...findCoverageFaults(round, exactness), ...this.#rounds.add(round, exactness)];
      if (round.attempt !== attempt) faults.push(`expected attempt ${attempt}, got ${round.attempt}`);
      for (const fault of faults) this.#fault(`rounds[${index}] (${round.phase}): ${fault}`);
      this.#counts.rounds += 1;
      this.#counts.droppedSlots += round.dropped?.length ?? 0;
    }
    const last = rounds?.at(-1);
    if (!last) return;
    this.#expect('phase', last.phase, phase);
    if (commit.type === 'rejected') return;
    this.#expect('input digest', last.inputDigest, commit.inputDigest);
    this.#expect('number of examples', last.examples, commit.examples);
  }

  #takeControl({ action, step, workers, worker }: ControlEntry): void {
    const next = this.#head.step + 1;
    const isInReach = Number.isSafeInteger(step) && step <= next + 1 && (action === 'stop' || step >= next);
    if (!isInReach) this.#fault(`expected it to hold from step ${next} or ${next + 1} on, got ${step}`);
    switch (action) {
      case 'pause':
        this.#pausedFrom ??= step;
        break;
      case 'resume':
      case 'stop':
        this.#pausedFrom = undefined;
        break;
      case 'scale':
        if (workers === undefined || !Number.isSafeInteger(workers) || workers < 0)
          this.#fault(`expected a number of workers, got ${workers}`);
        break;
      case 'drain':
        if (worker === undefined || worker === '') this.#fault('expected a worker, got none');
        break;
      default:
        this.#fault(`expected pause, resume, stop, scale or drain, got ${String(action)}`);
    }
  }

  /** One that was stopped while it made again what the log has ends where it stood. */
  #takeFinished(entry: FinishedEntry): void {
    const { state, step, version, chain, paramsDigest } = entry;
    const position = state === 'completed' ? this.#head : this.#positions.get(chain);
    const isKnown = position?.step === step && position.version === version && position.chain === chain;
    if (!isKnown) this.#fault(`expected an end after one of the commits, got step ${step} at version ${version} with chain ${chain}`);
    if (this.#finished) this.#fault('expected one end, got another');
    this.#finished = entry;
    if (state !== 'completed') return;
    if (this.#completed) this.#expect('paramsDigest', this.#completed.paramsDigest, paramsDigest);
    this.#completed = entry;
  }

  #expect(what: string, expected: string | number, got: string | number): void {
    if (got !== expected) this.#fault(`expected ${what} ${expected}, got ${got}`);
  }

  #fault(fault: string): void {
    this.#faults.push(`${this.#at}: ${fault}`);
  }
}
