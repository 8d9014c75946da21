/**
 * The lease of leadership without clock, connection or timers: told what was seen and when, it says what to do. A standby looks often, and
 * takes the lease when its revision has stayed the same for the holder's time on this process's own monotonic clock, by compare-and-set;
 * the leader renews it, by compare-and-set as well. So of any number of processes one writes each revision, and whoever was too slow finds out.
 */
import type { LeaseHolder } from './lease.ts';

/** What was seen. Times are of a monotonic clock, ms; events come in their order. */
export type LeaseEvent =
  | { readonly type: 'tick'; readonly atMs: number }
  /** The answer to a read. Revision 0: nobody has ever written; holder undefined: nobody holds it. */
  | { readonly type: 'observed'; readonly atMs: number; readonly revision: number; readonly holder: LeaseHolder | undefined }
  /** The write is stored, as this revision. */
  | { readonly type: 'written'; readonly atMs: number; readonly revision: number }
  /** The write is refused: the revision is another one by now. */
  | { readonly type: 'conflict'; readonly atMs: number }
  /** No answer to a read or a write, which may have been done. */
  | { readonly type: 'failed'; readonly atMs: number }
  /** The process wants to leave. */
  | { readonly type: 'release'; readonly atMs: number };

/** What to do. At most one read or write is under way: each is answered by one event. */
export type LeaseAction =
  | { readonly type: 'read' }
  /** Writes if the revision is still this one; holder undefined lets the lease go. */
  | { readonly type: 'write'; readonly revision: number; readonly holder: LeaseHolder | undefined }
  | { readonly type: 'won' }
  | { readonly type: 'lost'; readonly holder: LeaseHolder }
  /** It was let go of, or could not be. */
  | { readonly type: 'released' };

interface Seen {
  readonly revision: number;
  readonly holder: LeaseHolder | undefined;
  /** Since when it has been seen, without a gap. */
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** Looks of a standby, and attempts of a leader that misses an answer, in the time of a lease. */
const LOOKS = 6;
/** Renewals in the time of a lease. */
const RENEWALS = 3;
/** A standby that has not looked for this part of a lease begins to count anew. */
const GAP = 1 / 2;

/** The part of one process. It leads once at most: after `lost` or `released` it is over. */
export class LeaseMachine {
  readonly #self: LeaseHolder;
  #state: 'standby' | 'leader' | 'over' = 'standby';
  /** What an answer is missing to; `let-go` is a write, too. */
  #pending: 'read' | 'write' | 'let-go' | undefined;
  #isReleasing = false;
  #seen: Seen | undefined;
  /** Of a leader: the revision that it wrote last; undefined while that is not known. */
  #revision: number | undefined;
  /** Whether somebody has written since, this process perhaps. */
  #isDoubtful = false;
  #nextMs: number;
  /** When the last write was sent. */
  #sentMs: number;

  constructor(self: LeaseHolder, { atMs }: { readonly atMs: number }) {
    this.#self = self;
    this.#nextMs = atMs;
    this.#sentMs = atMs;
  }

  /** Whether this process was the last to write the lease, as far as it knows. */
  get isHeld(): boolean {
    return this.#state === 'leader' && !this.#isDoubtful;
  }

  /** Who holds the lease, as far as was seen. */
  get holder(): LeaseHolder | undefined {
    return this.#seen?.holder;
  }

  /** Of the lease as it was seen last; 0 before that. */
  get seenRevision(): number {
    return this.#seen?.revision ?? 0;
  }

  /** When it wants a tick; undefined while it waits for an answer, and when it is over. */
  get wakeAtMs(): number | undefined {
    return this.#pending !== undefined || this.#state === 'over' ? undefined : this.#nextMs;
  }

  /** Takes an event; says what to do. */
  handle(event: LeaseEvent): readonly LeaseAction[] {
    if (this.#state === 'over') return [];
    const answered = this.#pending;
    if (event.type !== 'tick' && event.type !== 'release') this.#pending = undefined;
    switch (event.type) {
      case 'tick':
        return this.#pending === undefined && event.atMs >= this.#nextMs ? this.#act(event.atMs) : [];
      case 'observed':
        return this.#observe(event);
      case 'written':
        return answered === 'let-go' ? this.#end({ type: 'released' }) : this.#hold(event);
      case 'conflict':
        this.#isDoubtful = true;
        this.#revision = undefined;
        return this.#read();
      case 'failed':
        return this.#fail(event.atMs);
      case 'release':
        return this.#release(event.atMs);
    }
  }

  #act(atMs: number): readonly LeaseAction[] {
    return this.#state === 'standby' || this.#revision === undefined ? this.#read() : this.#write(this.#revision, atMs);
  }

  #observe({ atMs, revision, holder }: Extract<LeaseEvent, { type: 'observed' }>): readonly LeaseAction[] {
    if (holder?.leader === this.#self.leader) return this.#hold({ revision, atMs });
    if (this.#isReleasing) return this.#end({ type: 'released' });
    if (this.#state === 'leader' && holder !== undefined) return this.#end({ type: 'lost', holder });
    const leaseMs = holder?.leaseMs ?? this.#self.leaseMs;
    const before = this.#seen;
    // After an outage, or a pause of this process, the holder gets its whole time again: it may have been away as well.
    const isSame = before?.revision === revision && atMs - before.lastMs <= leaseMs * GAP;
    const sinceMs = isSame ? before.sinceMs : atMs;
    this.#seen = { revision, holder, sinceMs, lastMs: atMs };
    if (holder === undefined || atMs - sinceMs >= leaseMs) return this.#write(revision, atMs);
    this.#nextMs = Math.min(atMs + Math.min(leaseMs, this.#self.leaseMs) / LOOKS, sinceMs + leaseMs);
    return [];
  }

  /** The revision is this process's own: it was written just now, or before, when the answer was lost. */
  #hold({ revision, atMs }: { readonly revision: number; readonly atMs: number }): readonly LeaseAction[] {
    const won: readonly LeaseAction[] = this.#state === 'standby' ? [{ type: 'won' }] : [];
    this.#state = 'leader';
    this.#isDoubtful = false;
    this.#revision = revision;
    this.#seen = { revision, holder: this.#self, sinceMs: atMs, lastMs: atMs };
    this.#nextMs = this.#sentMs + this.#self.leaseMs / RENEWALS;
    const isDue = this.#isReleasing || this.#nextMs <= atMs;
    return isDue ? [...won, ...this.#write(revision, atMs)] : won;
  }

  #fail(atMs: number): readonly LeaseAction[] {
    if (this.#isReleasing) return this.#end({ type: 'released' });
    this.#revision = undefined;
    this.#nextMs = atMs + this.#self.leaseMs / LOOKS;
    return [];
  }

  #release(atMs: number): readonly LeaseAction[] {
    this.#isReleasing = true;
    if (this.#pending === 'write' || this.#pending === 'let-go') return [];
    if (this.#state === 'standby') return this.#end({ type: 'released' });
    return this.#pending === 'read' ? [] : this.#act(atMs);
  }

  #read(): readonly LeaseAction[] {
    this.#pending = 'read';
    return [{ type: 'read' }];
  }

  #write(revision: number, atMs: number): readonly LeaseAction[] {
    this.#pending = this.#isReleasing ? 'let-go' : 'write';
    this.#sentMs = atMs;
    return [{ type: 'write', revision, holder: this.#isReleasing ? undefined : this.#self }];
  }

  #end(action: LeaseAction): readonly LeaseAction[] {
    this.#state = 'over';
    if (action.type === 'lost') this.#seen = { revision: 0, holder: action.holder, sinceMs: 0, lastMs: 0 };
    if (action.type === 'released') this.#seen = undefined;
    return [action];
  }
}
