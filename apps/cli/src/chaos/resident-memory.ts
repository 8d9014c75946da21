/**
 * How much memory a process holds, sampled while it lives: VmRSS of Linux's /proc. Elsewhere there are no samples.
 */
import { readFileSync } from 'node:fs';

/** A sample. */
export interface MemorySample {
  readonly pid: number;
  readonly atMs: number;
  readonly bytes: number;
}

/** What the samples say. */
export interface MemorySummary {
  readonly samples: number;
  /** Bytes. */
  readonly peak: number;
  /** Of the process that lived longest: medians over the first and the last third of its samples, bytes. */
  readonly early: number;
  readonly late: number;
  /** How long that process was seen, s. */
  readonly seconds: number;
}

/** Bytes that a process holds now; undefined when it is gone, or the system does not say. */
export function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Sums the samples up; undefined without any. */
export function summariseMemory(samples: readonly MemorySample[]): MemorySummary | undefined {
  const pids = [...new Set(samples.map(({ pid }) => pid))];
  const byProcess = pids.map((pid) => samples.filter((sample) => sample.pid === pid));
  const longest = byProcess.toSorted((a, b) => b.length - a.length).at(0);
  if (longest === undefined) return undefined;
  const third = Math.max(1, Math.floor(longest.length / 3));
  return {
    samples: samples.length,
    peak: Math.max(...samples.map(({ bytes }) => bytes)),
    early: middleOf(longest.slice(0, third)),
    late: middleOf(longest.slice(-third)),
    seconds: (longest.at(-1)!.atMs - longest[0].atMs) / 1000,
  };
}

function middleOf(samples: readonly MemorySample[]): number {
  return samples.map(({ bytes }) => bytes).toSorted((a, b) => a - b)[Math.floor(samples.length / 2)];
}
