/**
 * What is written to the commit log: the run's truth. Record 0 says what the run is, every step record what one committed step did,
 * control records what people asked for and from which step it holds, the last one how it ended.
 */
import type { CoverageEntry } from './coordinator-messages.ts';
import type { Fingerprint } from './membership.ts';
import type { Position } from './round.ts';

/** Record 0. */
export interface RunEntry {
  readonly type: 'run';
  readonly run: string;
  readonly specDigest: string;
  readonly bundleDigest: string;
  /** The chain of checkpoint 0. */
  readonly chain: string;
  readonly checksum: string;
  readonly seed: number;
  readonly engine: string;
}

/** The fingerprint that holds from here on: written when the first worker has joined. */
export interface FingerprintEntry {
  readonly type: 'fingerprint';
  readonly fingerprint: Fingerprint;
  /** What the coordinator's own arithmetic depends on: the `solve` part. */
  readonly solve?: Fingerprint;
}

/** One committed round that changed the parameters. */
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
  readonly inputDigest: string;
  readonly examples: number;
  readonly coverage?: readonly CoverageEntry[];
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
}

/** Something that a person asked for. */
export interface ControlEntry {
  readonly type: 'control';
  readonly action: string;
  /** The first step for which it holds. */
  readonly step: number;
  readonly reason: string;
}

/** The end of a run. */
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
export type LogEntry = RunEntry | FingerprintEntry | StepEntry | RejectedEntry | ControlEntry | FinishedEntry;

/** What a reader gets: an entry, its place in the chain, and its leader's term. */
export type LogRecord = LogEntry & { readonly sequence: number; readonly previous: string; readonly term: number; readonly hash: string };
