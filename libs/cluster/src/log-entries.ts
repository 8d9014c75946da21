/**
 * What is written to the commit log: the run's truth. Record 0 says what the run is, every step record what one committed step did,
 * control records what people asked for and from which step it holds, the last one how it ended.
 */
import type { CoverageEntry } from './coordinator-messages.ts';
import type { Fingerprint } from './membership.ts';
import type { Position } from './round.ts';

/** Version of the records' format, in record 0; logs without it are of version 1. */
export const LOG_FORMAT = 2;

/** Record 0. */
export interface RunEntry {
  readonly type: 'run';
  /** {@link LOG_FORMAT}; absent in logs of version 1. */
  readonly format?: number;
  readonly run: string;
  readonly specDigest: string;
  readonly bundleDigest: string;
  /** The chain of the first checkpoint. */
  readonly chain: string;
  readonly checksum: string;
  /** Number of updates behind the first checkpoint; default 0. */
  readonly version?: number;
  /** The step of the first checkpoint; default 0. */
  readonly step?: number;
  readonly seed: number;
  readonly engine: string;
  /** Default `exact`. */
  readonly exactness?: Exactness;
  /** The run and step that this one was forked from. */
  readonly parent?: { readonly run: string; readonly step: number; readonly paramsDigest: string };
}

/** `exact`: a pure function of spec, data and fingerprint. `relaxed`: a step may leave slots out. */
export type Exactness = 'exact' | 'relaxed';

/** The fingerprint that holds from here on: written when the first worker has joined. */
export interface FingerprintEntry {
  readonly type: 'fingerprint';
  readonly fingerprint: Fingerprint;
  /** What the coordinator's own arithmetic depends on: the `solve` part. */
  readonly solve?: Fingerprint;
  /** Another fingerprint than the one before, which a person allowed: bits are not comparable across this record. */
  readonly rebased?: true;
}

/** A coordinator takes the run over: the first record of its segment. The term itself is in the framing. */
export interface TermEntry {
  readonly type: 'term';
  /** Fresh for every process. */
  readonly leader: string;
  /** Where it goes on: the head of the log that it found. */
  readonly step: number;
}

/** One round behind a record: who computed which of its slots. */
export interface RoundRecord {
  readonly attempt: number;
  readonly phase: string;
  readonly inputDigest: string;
  readonly examples: number;
  /** Partitions the slots, but for those dropped; empty for a round that could not be computed. */
  readonly coverage: readonly CoverageEntry[];
  /** Slots that a relaxed run left out, ascending. */
  readonly dropped?: readonly number[];
  /** Why it could not be computed. */
  readonly failed?: string;
}

/** One committed step. */
export interface StepEntry {
  readonly type: 'step';
  readonly step: number;
  /** The one that succeeded. */
  readonly attempt: number;
  readonly phase: string;
  /** Number of updates up to and with this one; chain and checksum are those after it. */
  readonly version: number;
  readonly chain: string;
  readonly checksum: string;
  /** Of the last round. */
  readonly inputDigest: string;
  readonly examples: number;
  /** Of the last round, in logs of version 1. */
  readonly coverage?: readonly CoverageEntry[];
  /** All rounds since the record before, in order; absent in logs of version 1. */
  readonly rounds?: readonly RoundRecord[];
  /** What the trainer wants remembered: decides later bits. */
  readonly record?: Readonly<Record<string, unknown>>;
  readonly measurements?: Readonly<Record<string, number>>;
}

/** An attempt at a step that was given up; decides later bits, by its damping and by what the step does next. */
export interface RejectedEntry {
  readonly type: 'rejected';
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  readonly reason: string;
  /** With which the next attempt is made. */
  readonly damping: number;
  /** Where the last committed change was taken back: where that led to. */
  readonly position?: Position;
  /** All rounds since the record before, in order; absent in logs of version 1. */
  readonly rounds?: readonly RoundRecord[];
}

/** What people may ask of a run. */
export type ControlAction = 'pause' | 'resume' | 'stop' | 'scale' | 'drain';

/** Something that a person asked for. */
export interface ControlEntry {
  readonly type: 'control';
  readonly action: ControlAction;
  /** The first step for which it holds. */
  readonly step: number;
  readonly reason: string;
  /** Of `scale`: how many workers are wanted. */
  readonly workers?: number;
  /** Of `drain`: who is to leave. */
  readonly worker?: string;
}

/** The end of a run; one that was stopped or failed may be taken up again by a later term. */
export interface FinishedEntry {
  readonly type: 'finished';
  readonly state: 'completed' | 'stopped' | 'failed';
  readonly step: number;
  readonly version: number;
  readonly chain: string;
  readonly paramsDigest: string;
  readonly reason?: string;
}

/** What a caller writes. */
export type LogEntry = RunEntry | FingerprintEntry | TermEntry | StepEntry | RejectedEntry | ControlEntry | FinishedEntry;

/** What a reader gets: an entry, its place in the chain, and its leader's term. */
export type LogRecord = LogEntry & { readonly sequence: number; readonly previous: string; readonly term: number; readonly hash: string };
