/** The rounds of a step as a log has them, its given-up attempts included: equal rounds over equal slots have seen equal examples. */
import { slotsOfRound } from './coverage-check.ts';
import type { Exactness, RoundRecord } from './log-entries.ts';

/** Compares the rounds of one step after another. */
export class StepRounds {
  readonly #digests = new Set<string>();
  /** Examples by phase and slots, of the step under way. */
  readonly #examples = new Map<string, number>();

  /** What is wrong with one more round. */
  add(round: RoundRecord, exactness: Exactness): string[] {
    const { phase, inputDigest, examples, failed } = round;
    const faults: string[] = [];
    if (this.#digests.has(inputDigest)) faults.push(`expected a new input digest, got ${inputDigest} again`);
    this.#digests.add(inputDigest);
    if (failed !== undefined || exactness !== 'exact') return faults;
    const key = `${phase} ${slotsOfRound(round)}`;
    const before = this.#examples.get(key) ?? examples;
    this.#examples.set(key, before);
    if (before !== examples) faults.push(`expected ${before} examples as in an earlier attempt, got ${examples}`);
    return faults;
  }

  /** The step is made: the next one has other examples. */
  forget(): void {
    this.#examples.clear();
  }
}
