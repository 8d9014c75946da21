// A lock between processes that prepare the same checkout, healed by itself after any death.
//
// The lock is a growing sequence of files `prepare.1`, `prepare.2`, ...: whoever creates the highest number (O_EXCL, so only one can) holds the lock.
// No file of the highest number is ever removed by anyone but its holder's successor, so two processes that find the same dead holder cannot both win.
// A holder is alive while one of its processes lives (same host) and its file was touched within the last minute (covers reused process ids and containers).
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TOUCH_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 200;
const UNWRITTEN_MS = 2_000;
const PREFIX = 'prepare.';

/**
 * Runs `task` while no other process runs one under the same folder.
 * `task` receives `adopt(pid)`: a child process that keeps the lock alive when this process dies first.
 */
export async function withLock(folder, task, { onWait = () => {}, pollMs = POLL_MS } = {}) {
  mkdirSync(folder, { recursive: true });
  const held = await acquire(folder, { onWait, pollMs });
  const touch = setInterval(() => touchFile(held.path), TOUCH_MS);
  touch.unref();
  try {
    return await task((pid) => describeHolder(held.path, [process.pid, pid]));
  } finally {
    clearInterval(touch);
    describeHolder(held.path, []);
  }
}

async function acquire(folder, { onWait, pollMs }) {
  for (let told = false; ;) {
    const highest = generations(folder).at(-1) ?? 0;
    const holder = highest === 0 ? undefined : liveHolder(fileOf(folder, highest));
    if (holder === undefined) {
      const generation = highest + 1;
      if (create(fileOf(folder, generation)) && generations(folder).at(-1) === generation) {
        for (const old of generations(folder)) if (old < generation) rmSync(fileOf(folder, old), { force: true });
        return { path: fileOf(folder, generation) };
      }
      continue;
    }
    if (!told) onWait(holder);
    told = true;
    await delay(pollMs);
  }
}

function generations(folder) {
  const numbers = readdirSync(folder)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => Number(name.slice(PREFIX.length)));
  return numbers.filter(Number.isInteger).toSorted((a, b) => a - b);
}

const fileOf = (folder, generation) => join(folder, `${PREFIX}${generation}`);

/** Creates the file for this process; false when another process was faster. */
function create(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, JSON.stringify({ host: hostname(), pids: [process.pid] }));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The id of a live process that holds the lock, or undefined when its holder is done or dead. */
function liveHolder(path) {
  try {
    const ageMs = Date.now() - statSync(path).mtimeMs;
    if (ageMs > STALE_MS) return undefined;
    const { host, pids } = parseHolder(readFileSync(path, 'utf8'));
    if (pids === undefined) return ageMs < UNWRITTEN_MS ? 'that was just started' : undefined;
    return host === hostname() ? pids.find(isAlive) : pids[0];
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The holder's record, or an empty one for a file that was created but not yet written. */
function parseHolder(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Replaces the record in one move, so that no reader ever sees half of it; no live process in it means released. */
function describeHolder(path, pids) {
  try {
    const draft = `${path}.draft`;
    writeFileSync(draft, JSON.stringify({ host: hostname(), pids }));
    renameSync(draft, path);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error; // the checkout is being deleted: nothing is left to protect
  }
}

function touchFile(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
