/**
 * G14: a soak of real processes by `geo chaos`: six workers killed, stopped and cut off every 5 s on average, and five coordinators killed, for a
 * minute; SOAK_MINUTES=10 for the long form. The bits are those of the undisturbed run, nothing went unhandled, and memory is flat.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { dataOf, geo, processesNaming } from '../geo-process.ts';
import { ms, reportBound } from './harness/report-bound.ts';

const minutes = Number(process.env['SOAK_MINUTES'] ?? 1);
const coordinatorKills = 5;
const MIB = 2 ** 20;

/** The part of a chaos report that is looked at here. */
interface Report {
  readonly same: boolean;
  readonly faults: readonly string[];
  readonly coordinators: number;
  readonly commits: number;
  readonly seconds: number;
  readonly goodput: number;
  readonly injected: readonly { kind: string; count: number; medianSeconds?: number; longestSeconds?: number }[];
  readonly coordinatorMemory?: { readonly early: number; readonly late: number; readonly peak: number; readonly seconds: number };
}

it(
  `G14: a soak of ${minutes} min with six workers, a fault every 5 s and five dead coordinators`,
  { timeout: (5 + 5 * minutes) * 60_000 },
  async () => {
    const runs = mkdtempSync(join(tmpdir(), 'geo-soak-'));
    const options = ['--seed', '11', '--mtbf', '5s', '--duration', `${60 * minutes}s`, '--workers', '6'];
    const kills = ['--coordinator-kills', String(coordinatorKills)];
    const result = await geo('chaos', 'examples/digits-ndm.yaml', ...options, ...kills, '--runs', runs, '--format', 'json');
    expect(result.exitCode, `${result.stdout}\n${result.stderr}`).toBe(0);
    const report = dataOf(result) as unknown as Report;
    // `faults` also names every log line of an error that nobody handled, and every exit code 70.
    expect(report).toMatchObject({ same: true, faults: [], coordinators: coordinatorKills + 1 });
    expect(report.injected.find(({ kind }) => kind === 'kill-coordinator')).toMatchObject({ count: coordinatorKills });
    const { early = 0, late = 0, seconds = 0 } = report.coordinatorMemory ?? {};
    expect(late - early).toBeLessThan(64 * MIB);
    expect(processesNaming(runs)).toEqual([]);
    rmSync(runs, { recursive: true });

    const told = report.injected.map(
      ({ kind, count, medianSeconds = 0, longestSeconds = 0 }) =>
        `${count} ${kind} (next commit p50 ${ms(1000 * medianSeconds)}, longest ${ms(1000 * longestSeconds)})`,
    );
    reportBound({
      id: 'G14',
      fault: `${report.injected.reduce((sum, { count }) => sum + count, 0)} random faults in ${report.seconds.toFixed(0)} s, 6 workers, one every 5 s`,
      measured: `digest and all ${report.commits} commits equal; ${told.join(', ')}; goodput ${(100 * report.goodput).toFixed(0)} %; RSS of the coordinator ${(early / MIB).toFixed(0)} → ${(late / MIB).toFixed(0)} MiB over ${seconds.toFixed(0)} s; 0 unhandled`,
      bound: 'digest equal to the fault-free run; zero unhandled rejections; RSS bounded',
      note: 'geo chaos examples/digits-ndm.yaml --seed 11 --mtbf 5s',
    });
  },
);
