/**
 * What `geo doctor` finds of executors: which are here, and how fast each is at this moment, on this host, beside whatever else it does.
 */
import { measureExecutor, openExecutor, probeExecutors, type ExecutorProbe, type Measurement } from '@geodesic/engine/executors';
import { span, type Line } from '../view/styled-text.ts';

/** One executor. */
export interface ExecutorFact extends ExecutorProbe {
  /** Measured now; absent where the executor is, or where it failed. */
  readonly measured?: Measurement;
  /** Why it could not be measured though it is here. */
  readonly problem?: string;
}

/** Probes all executors, then measures those that are here, one after the other, for at least a fifth of a second each. */
export async function gatherExecutors(): Promise<readonly ExecutorFact[]> {
  const facts: ExecutorFact[] = [];
  for (const probe of await probeExecutors()) facts.push(probe.available ? await measure(probe) : probe);
  return facts;
}

async function measure(probe: ExecutorProbe): Promise<ExecutorFact> {
  try {
    const executor = await openExecutor(probe.name);
    try {
      return { ...probe, measured: await measureExecutor(executor, { budget: 200 }) };
    } finally {
      await executor.close();
    }
  } catch (error) {
    return { ...probe, problem: (error instanceof Error ? error.message : String(error)).split('\n')[0] };
  }
}

const HEADINGS = ['executor', 'version', 'bits', 'matmul', 'MLP step'] as const;
const FIRST_NUMERIC_COLUMN = 3;

/** The table of executors, its heading included. */
export function executorTable(executors: readonly ExecutorFact[]): readonly Line[] {
  const rows = executors.map(cellsOf);
  const widths = HEADINGS.map((heading, column) => Math.max(heading.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  const aligned = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i < FIRST_NUMERIC_COLUMN ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  const title = 'GFLOP/s measured now, one thread, best of 0.2 s: matmul of [512, 512]; gradient of an MLP 784-512-256-10 on 128 rows';
  return [
    [span(`  ${aligned(HEADINGS)}`, 'dim')],
    ...rows.map(({ cells, remark }): Line => {
      const [name, ...others] = cells;
      return [
        span(`  ${name.padEnd(widths[0])}`, 'strong'),
        span(`  ${aligned(['', ...others]).slice(widths[0] + 2)}`),
        span(remark, 'dim'),
      ];
    }),
    [span(`  ${title}`, 'dim')],
  ];
}

function cellsOf({ name, version = '', available, reason, software, deterministic, measured, problem }: ExecutorFact): {
  cells: readonly string[];
  remark: string;
} {
  if (!available) return { cells: [name], remark: `absent: ${reason ?? 'unknown reason'}` };
  const speeds = measured ? [measured.matmulGflops, measured.stepGflops].map((gflops) => gflops.toPrecision(3)) : ['-', '-'];
  const remarks = [software && 'computes on the processor: for tests only', problem].filter(Boolean);
  return {
    cells: [name, version, deterministic ? 'exact' : 'relaxed', ...speeds],
    remark: remarks.map((remark) => `  ${remark}`).join(''),
  };
}
