/**
 * The runs folder of a coordinator with a standby: each coordinator of a cluster has its own. The folder has an id, which its coordinator's lease
 * names, and says which process uses it.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '@geodesic/checkpoint';
import { clearLeader, isAlive, readLeader, RunFolder, writeLeader } from '@geodesic/run-store';
import { CoordinatorError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';

/** The file with the folder's id. */
const ID_FILE = '.folder-id';

/** A runs folder that this process uses alone, on this host. */
export interface ClaimedFolder {
  readonly path: string;
  /** Stays the same for as long as the folder is there. */
  readonly id: string;
  /** Says that the process uses it no more. */
  release(): Promise<void>;
}

/**
 * Claims a folder that is there for a process.
 * @param leader fresh for every process
 * @throws {CoordinatorError} HA_SHARED_FOLDER when a process on this host uses it
 */
export async function claimFolder(runs: string, leader: string): Promise<ClaimedFolder> {
  // The record is that of a run's leader, beside the runs.
  const place = new RunFolder('', runs);
  const user = await readLeader(place);
  if (user !== undefined && (await isAlive(user))) throw sharedFolder(runs, `the process ${user.pid}`);
  await writeLeader(place, { address: '', leader, term: 0, startedAt: new Date().toISOString() });
  const id = await idOf(runs);
  return { path: runs, id, release: () => clearLeader(place, leader) };
}

/** The error of a folder that two coordinators of a cluster use. @param user who else */
export function sharedFolder(runs: string, user: string): CoordinatorError {
  const message = `--runs: expected a folder of this coordinator alone, got ${runs}, which ${user} uses`;
  const hint = 'give every coordinator of the cluster its own folder: what they share is in NATS';
  return new CoordinatorError('HA_SHARED_FOLDER', message, { hint, exitCode: EXIT.configuration });
}

async function idOf(runs: string): Promise<string> {
  const path = join(runs, ID_FILE);
  const known = (await readFile(path, 'utf8').catch(() => '')).trim();
  if (known !== '') return known;
  const id = randomUUID();
  await writeDurably(path, `${id}\n`);
  return id;
}
