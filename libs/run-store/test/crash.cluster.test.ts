/** The log of real processes that kill themselves at each cut. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitLog, readLog } from '../src/index.ts';
import { newRun, temporaryFolder } from './fixtures.ts';

const script = join(import.meta.dirname, 'fixtures/appending-process.mjs');
let temporary: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  temporary = await temporaryFolder();
});
afterAll(() => temporary.remove());

interface Ended {
  readonly signal: string | null;
  /** Steps that the process announced. */
  readonly announced: readonly number[];
  readonly errors: string;
}

function run(failPoint: string, args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, NODE_OPTIONS: '', GEODESIC_FAILPOINT: failPoint };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { env }, (_error, stdout, errors) =>
      resolve({ signal: child.signalCode, announced: stdout.split('\n').filter(Boolean).map(Number), errors }),
    );
  });
}

describe('a process that is killed', () => {
  it.each([
    ['before-append:3', [1, 2], [1, 2]],
    ['torn-append:3', [1, 2], [1, 2]],
    ['after-append:3', [1, 2], [1, 2, 3]],
  ])('%s has announced nothing that its successor does not find', async (failPoint, announced, logged) => {
    const folder = await newRun(temporary.path);
    expect(await run(failPoint, [folder.path, 'create', '1', '5'])).toEqual({ signal: 'SIGKILL', announced, errors: '' });
    const next = await run('', [folder.path, 'take-over', `${logged.length + 1}`, '5']);
    expect(next).toMatchObject({ signal: null, errors: '' });
    const { records, unconnected } = await readLog(folder);
    expect(unconnected).toBe(0);
    expect(records.filter(({ type }) => type === 'step')).toMatchObject([1, 2, 3, 4, 5].map((step) => ({ step })));
  });

  it('during-take-over leaves the run to whoever comes next', async () => {
    const folder = await newRun(temporary.path);
    await run('', [folder.path, 'create', '1', '2']);
    expect(await run('during-take-over', [folder.path, 'take-over', '3', '4'])).toEqual({ signal: 'SIGKILL', announced: [], errors: '' });
    const { log, found, term } = await CommitLog.takeOver(folder);
    await log.close();
    expect([term, found.records.length]).toEqual([3, 3]);
  });
});
