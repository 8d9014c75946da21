/**
 * Who takes part: stable worker names with the incarnation of each process, leases, and the frozen numeric fingerprint. It
 * decides who should compute, never what. Time is a monotonic number of milliseconds that the caller hands in.
 */
import { ProtocolError } from './errors.ts';

/** Fields that decide a worker's bits: executor, versions, architecture, threads, ... */
export type Fingerprint = Readonly<Record<string, string | number>>;

/** One process of a worker. */
export interface Member {
  readonly worker: string;
  /** Unique for each process start: an old process is never mistaken for its successor. */
  readonly incarnation: string;
}

/** Why a worker may not take part; final for this process. */
export interface Refusal {
  readonly code: 'FINGERPRINT_MISMATCH';
  /** The first differing field, in code-unit order. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
  readonly message: string;
}

/** The outcome of a request to join. */
export type Admission = { readonly admitted: true; readonly replaced?: Member } | { readonly admitted: false; readonly refusal: Refusal };

/** Options of {@link Membership}. */
export interface MembershipOptions {
  /** Silence after which a member is lost, ms. */
  readonly leaseMs: number;
  /** Freezes the fingerprint from the start (a resumed run); otherwise the first worker's is taken. */
  readonly fingerprint?: Fingerprint;
}

/**
 * The members of one run.
 *
 * *Limitations*: a fingerprint stays frozen when everybody has left.
 */
export class Membership {
  readonly #leaseMs: number;
  readonly #members = new Map<string, { readonly member: Member; seenAt: number; isDraining: boolean }>();
  #fingerprint: Fingerprint | undefined;

  constructor(options: MembershipOptions) {
    if (!(options.leaseMs > 0)) throw new ProtocolError('Membership: leaseMs', 'a positive number of ms', `${options.leaseMs}`);
    this.#leaseMs = options.leaseMs;
    this.#fingerprint = options.fingerprint && Object.freeze({ ...options.fingerprint });
  }

  /** The frozen fingerprint; undefined until the first worker has joined. */
  get fingerprint(): Fingerprint | undefined {
    return this.#fingerprint;
  }

  /** The members' names in code-unit order. */
  workers(): string[] {
    return [...this.#members.keys()].sort();
  }

  /** The members in code-unit order of their names. */
  members(): Member[] {
    return this.workers().flatMap((worker) => this.#members.get(worker)?.member ?? []);
  }

  /** Admits a worker, or refuses another fingerprint. A new incarnation replaces the old one of the same name. */
  join(member: Member & { readonly fingerprint: Fingerprint; readonly at: number }): Admission {
    const { worker, incarnation, fingerprint, at } = member;
    const refusal = this.#fingerprint && compareFingerprints(this.#fingerprint, fingerprint);
    if (refusal) return { admitted: false, refusal };
    this.#fingerprint ??= Object.freeze({ ...fingerprint });
    const before = this.#members.get(worker);
    const isReplaced = before !== undefined && before.member.incarnation !== incarnation;
    const isDraining = before !== undefined && !isReplaced && before.isDraining;
    this.#members.set(worker, { member: { worker, incarnation }, seenAt: at, isDraining });
    return { admitted: true, ...(isReplaced && { replaced: before.member }) };
  }

  /** Whether exactly this process is a member. */
  has(member: Member): boolean {
    return this.#members.get(member.worker)?.member.incarnation === member.incarnation;
  }

  /** The process under a name, while it is a member. */
  find(worker: string): Member | undefined {
    return this.#members.get(worker)?.member;
  }

  /** Marks a member as leaving in order; it stays marked when the same process joins again. False when this process is not a member. */
  drain(member: Member): boolean {
    const entry = this.#members.get(member.worker);
    if (entry?.member.incarnation !== member.incarnation) return false;
    entry.isDraining = true;
    return true;
  }

  /** Whether a member is leaving in order. */
  isDraining(worker: string): boolean {
    return this.#members.get(worker)?.isDraining ?? false;
  }

  /** Extends a member's lease; false when this process is not a member. */
  renew(member: Member, at: number): boolean {
    const entry = this.#members.get(member.worker);
    if (entry?.member.incarnation !== member.incarnation) return false;
    entry.seenAt = Math.max(entry.seenAt, at);
    return true;
  }

  /** Removes a member; false when this process is not a member. */
  remove(member: Member): boolean {
    return this.has(member) && this.#members.delete(member.worker);
  }

  /** The members whose lease has run out, in code-unit order; they stay members until removed. */
  expired(at: number): Member[] {
    return this.workers().flatMap((worker) => {
      const entry = this.#members.get(worker);
      return entry && at - entry.seenAt > this.#leaseMs ? [entry.member] : [];
    });
  }
}

/** The first field in which two fingerprints differ, as a refusal. */
function compareFingerprints(expected: Fingerprint, got: Fingerprint): Refusal | undefined {
  const fields = [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort();
  const field = fields.find((name) => expected[name] !== got[name]);
  if (field === undefined) return undefined;
  const sides = { expected: show(expected[field]), got: show(got[field]) };
  const message = `join: fingerprint.${field}: expected ${sides.expected}, got ${sides.got} (run the same versions on the same kind of machine as the first worker)`;
  return { code: 'FINGERPRINT_MISMATCH', field, ...sides, message };
}

function show(value: string | number | undefined): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
