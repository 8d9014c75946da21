/**
 * The journal: the root sums of every round since the last checkpoint, so that a coordinator that comes back repeats only its own
 * arithmetic (exactness.md 12). It is a cache, not the truth: what is missing or damaged is computed again by workers. Its bytes are those
 * of journal-codec.ts.
 */
import type { CoverageEntry } from './coordinator-messages.ts';
import type { Contribution } from './contribution.ts';
import type { RoundIdentity } from './round.ts';
import type { RoundFailure } from './training-interfaces.ts';

/** How one round ended. */
export type JournalRecord = { readonly round: RoundIdentity } & (
  | { readonly total: Contribution; readonly coverage: readonly CoverageEntry[]; readonly dropped?: readonly number[] }
  | { readonly failure: RoundFailure }
);
