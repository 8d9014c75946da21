/**
 * Who leads a run now: coordinator.json, for people and for whoever wants to take the run over. A courtesy, not a lock: what decides is the
 * commit log's term (segment-writer.ts). Absent or stale after a crash.
 */
import { readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { writeDurably } from '@geodesic/checkpoint';
import { RunStoreError } from './errors.ts';
import type { RunFolder } from './run-folder.ts';

/** A coordinator that leads a run. */
export interface LeaderRecord {
  /** Where workers and people reach it, host:port. */
  readonly address: string;
  readonly pid: number;
  readonly host: string;
  /** The `leader` of its record `term`; fresh for every process. */
  readonly leader: string;
  readonly term: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** When the system started the process, which tells it from a later one with the same pid; absent where the system does not say. */
  readonly processStart?: string;
}

/** Says that this process leads the run; durable when the promise resolves. @throws the system's error */
export async function writeLeader(folder: RunFolder, leader: Omit<LeaderRecord, 'pid' | 'host' | 'processStart'>): Promise<void> {
  const processStart = (await statusOf(process.pid))?.start;
  const record: LeaderRecord = { ...leader, pid: process.pid, host: hostname(), ...(processStart !== undefined && { processStart }) };
  await writeDurably(folder.file('coordinator.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Who says to lead the run; undefined when nobody does, or in a way that cannot be read. */
export async function readLeader(folder: Pick<RunFolder, 'file'>): Promise<LeaderRecord | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(folder.file('coordinator.json'), 'utf8'));
    return isLeaderRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the record away, unless it is another leader's by now. */
export async function clearLeader(folder: RunFolder, leader: string): Promise<void> {
  const record = await readLeader(folder);
  if (record?.leader === leader) await rm(folder.file('coordinator.json'), { force: true });
}

/**
 * Whether the process of a record is there: on this host, and another one than this process (which asks before it leads; in a container every
 * coordinator has the same pid). A process that is stopped counts as there; one on another host cannot be seen and does not.
 */
export async function isAlive({ pid, host, processStart }: LeaderRecord): Promise<boolean> {
  if (host !== hostname() || pid === process.pid || !hasProcess(pid)) return false;
  const status = await statusOf(pid);
  if (status === undefined) return true;
  return status.state !== 'Z' && (processStart === undefined || processStart === status.start);
}

/** Refuses a run that another process on this host leads. @throws {RunStoreError} RUN_ACTIVE */
export async function refuseLiveLeader(folder: RunFolder): Promise<void> {
  const record = await readLeader(folder);
  if (record === undefined || !(await isAlive(record))) return;
  const got = `the coordinator at ${record.address} (pid ${record.pid}, term ${record.term})`;
  throw new RunStoreError('RUN_ACTIVE', {
    what: folder.path,
    expected: 'a run that nobody leads',
    got,
    hint: 'watch it there, end that process, or take the run over with --takeover',
  });
}

function hasProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** State letter and start of a process, from Linux's /proc: `<boot id>/<ticks since boot>`; undefined elsewhere. */
async function statusOf(pid: number): Promise<{ state: string; start: string } | undefined> {
  try {
    const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/sys/kernel/random/boot_id', 'utf8')]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // the name in parentheses may hold spaces
    return { state: fields[0], start: `${boot.trim()}/${fields[19]}` };
  } catch {
    return undefined;
  }
}

function isLeaderRecord(value: unknown): value is LeaderRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { address, pid, host, leader, term } = value as Partial<Record<string, unknown>>;
  return [address, host, leader].every((text) => typeof text === 'string') && Number.isInteger(pid) && Number.isInteger(term);
}
