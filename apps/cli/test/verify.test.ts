/** `geo verify` and `geo checkpoints` over a run folder that is made here, whole and damaged in every part. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '@geodesic/checkpoint';
import { decodeRecords, encodeRecord, LOG_START } from '@geodesic/cluster';
import { runProgram } from '../src/program.ts';
import { bundleOf, caseOf } from './method-cases.ts';
import { writeRun } from './written-run.ts';

const runs = mkdtempSync(join(tmpdir(), 'geodesic-verify-'));
let original: string;
let runId: string;
let copies = 0;

beforeAll(async () => {
  // Rejected attempts, updates that are combined with the last one, a search: the most that a log can hold.
  const bundle = bundleOf(caseOf('quadratic kfac, rejecting'), { steps: 8 });
  mkdirSync(join(runs, 'original'));
  ({ path: original, runId } = await writeRun({ runs: join(runs, 'original'), bundle, checkpointEvery: 3 }));
});
afterAll(() => rmSync(runs, { recursive: true }));

/** A copy of the run for one test to damage: the folder of runs, and that of the run. */
function copied(): { folder: string; path: string } {
  const folder = join(runs, `copy-${(copies += 1)}`);
  const path = join(folder, runId);
  cpSync(original, path, { recursive: true });
  return { folder, path };
}

async function geo(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const stdout = { write: (more: string) => void (text.out += more) };
  const stderr = { write: (more: string) => void (text.err += more) };
  return { exitCode: await runProgram(argv, { stdout, stderr, env: {} }), ...text };
}

async function verify(folder: string, ...argv: string[]): Promise<{ exitCode: number; sound: boolean; faults: string[]; notes: string[] }> {
  const { exitCode, out } = await geo('verify', runId, '--runs', folder, '--format', 'json', ...argv);
  return { exitCode, ...(JSON.parse(out) as { data: { sound: boolean; faults: string[]; notes: string[] } }).data };
}

/** Flips one bit of a file. */
function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at < 0 ? bytes.length + at : at] ^= 1;
  writeFileSync(path, bytes);
}

describe('geo verify', () => {
  it('finds nothing wrong with a run as it was written', async () => {
    const { exitCode, out } = await geo('verify', original);
    expect(out).toContain(`${runId}: sound`);
    expect(out).toMatch(/log +\d+ records, 8 commits, \d+ rejected attempts, 1 coordinator/);
    expect(out).toMatch(/checkpoints +steps 0, 3, 6, 8/);
    expect(exitCode).toBe(0);
  });

  it('makes steps again and finds the same bits, rejected attempts included', async () => {
    const { exitCode, out } = await geo('verify', original, '--recompute', '2..5');
    expect(out).toMatch(/recomputed +steps 2\.\.5 from checkpoint 0: \d+ commits made again with the same bits/);
    expect(exitCode).toBe(0);
    expect((await geo('verify', original, '--recompute', '8')).out).toContain('steps 8..8 from checkpoint 6');
  });

  it('leaves out again what a relaxed run has left out', async () => {
    const folder = join(runs, 'relaxed');
    mkdirSync(folder);
    const bundle = bundleOf(caseOf('kfac, pi'), { steps: 4, exactness: 'relaxed', relaxed: { quorum: 0.5 } });
    const { path } = await writeRun({ runs: folder, bundle, checkpointEvery: 2, dropped: [1, 4] });
    const { exitCode, out } = await geo('verify', path, '--recompute', '2..4');
    expect(out).toMatch(/relaxed: \d+ slots left out/);
    expect(out).toContain('4 commits made again with the same bits');
    expect(exitCode).toBe(0);
  });

  it('names the step that comes out otherwise than a log says whose hash chain is right', async () => {
    const { folder, path } = copied();
    const file = join(path, 'commit.log');
    const { records } = decodeRecords(readFileSync(file));
    let at = LOG_START;
    const forged = records.map(({ sequence: _sequence, previous: _previous, hash: _hash, term, ...entry }) => {
      const isForged = entry.type === 'step' && entry.step === 5;
      const encoded = encodeRecord(isForged ? { ...entry, checksum: '0123456789abcdef' } : entry, { ...at, term });
      at = encoded.next;
      return encoded.bytes;
    });
    writeFileSync(file, Buffer.concat(forged));
    expect((await verify(folder)).faults).toEqual([]);
    const { exitCode, faults } = await verify(folder, '--recompute', '4..6');
    expect(exitCode).toBe(1);
    expect(faults).toEqual([
      expect.stringMatching(/^recomputed: step 5: expected checksum "0123456789abcdef" as in the commit log, got "/),
    ]);
  });

  it('refuses steps that the log has not, and tells which checkpoints there are', async () => {
    const beyond = await geo('verify', original, '--recompute', '7..9');
    expect(beyond.exitCode).toBe(2);
    expect(beyond.err).toContain('expected steps of the log, which ends at step 8, got 7..9');
    const { folder, path } = copied();
    rmSync(join(path, 'checkpoints', 'step-000000'), { recursive: true });
    const { exitCode, err } = await geo('verify', runId, '--runs', folder, '--recompute', '2');
    expect(exitCode).toBe(1);
    expect(err).toContain('checkpoints: steps 3, 6, 8');
  });

  it('finds a changed byte in the middle of the log', async () => {
    const { folder, path } = copied();
    damage(join(path, 'commit.log'), 6_000);
    const { exitCode, faults } = await verify(folder);
    expect(exitCode).toBe(1);
    expect(faults[0]).toMatch(/^the log: record \d+ at byte \d+: expected CRC-32/);
    expect(faults.some((fault) => fault.startsWith('events.ndjson: step 8 was announced'))).toBe(true);
  });

  it('takes an incomplete record at the end for what a crash leaves, and says so when a step is gone', async () => {
    const { folder, path } = copied();
    appendFileSync(join(path, 'commit.log'), Buffer.from([200, 0, 0, 0, 1]));
    const { exitCode, notes } = await verify(folder);
    expect(exitCode).toBe(0);
    expect(notes[0]).toContain('the tail is skipped');
    truncateSync(join(path, 'commit.log'), readFileSync(join(path, 'commit.log')).length / 2);
    expect((await verify(folder)).faults.join('\n')).toMatch(/checkpoint 8: expected a version of the log/);
  });

  it.each([
    ['parameters.safetensors', /^checkpoint 6: .*parameters\.safetensors: expected/],
    ['state.safetensors', /^checkpoint 6: .*state\.safetensors: expected/],
  ])('finds a changed byte in %s of a checkpoint', async (name, fault) => {
    const { folder, path } = copied();
    damage(join(path, 'checkpoints', 'step-000006', name), -1);
    const { exitCode, faults } = await verify(folder);
    expect(exitCode).toBe(1);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });

  it('finds a changed chunk', async () => {
    const { folder, path } = copied();
    const chunks = join(path, 'checkpoints', 'chunks');
    if (!existsSync(chunks)) return; // the optimiser's state was stored as a file
    const [name] = readdirSync(chunks, { recursive: true, encoding: 'utf8' }).filter((entry) => /[0-9a-f]{64}$/.test(entry));
    damage(join(chunks, name), 20);
    expect((await verify(folder)).faults.length).toBeGreaterThan(0);
  });

  it('finds another spec, another bundle and another result', async () => {
    const { folder, path } = copied();
    writeFileSync(join(path, 'spec.json'), readFileSync(join(path, 'spec.json'), 'utf8').replace(/"seed": \d+/, '"seed": 77'));
    const result = join(path, 'result.json');
    writeFileSync(result, readFileSync(result, 'utf8').replace(/sha256:../, 'sha256:zz'));
    const { faults } = await verify(folder);
    expect(faults).toHaveLength(2);
    expect(faults[0]).toMatch(/^spec\.json: expected sha256:\w+ as in the log, got sha256:/);
    expect(faults[1]).toMatch(/^result\.json: expected paramsDigest sha256:\w+ as in the log, got sha256:zz/);
  });

  it('says that a folder is no run when it has no log', async () => {
    const { folder, path } = copied();
    rmSync(join(path, 'commit.log'));
    const { exitCode, err } = await geo('verify', runId, '--runs', folder);
    expect(exitCode).toBe(1);
    expect(err).toContain('expected the folder of a run');
  });
});

describe('geo checkpoints', () => {
  it('lists steps, sizes and digests, and what cannot be read', async () => {
    const { folder, path } = copied();
    damage(join(path, 'checkpoints', 'step-000003', 'parameters.safetensors'), -1);
    const { out } = await geo('checkpoints', 'list', runId, '--runs', folder);
    expect(out).toContain('4 checkpoints');
    expect(out).toMatch(/ +8 +\S+ \S+ +\d+ +[0-9a-f]{12} +sha256:[0-9a-f]{64}/);
    expect(out).toMatch(/ +3 +.*parameters\.safetensors: expected/);
  });

  it('copies one into plain files that need nothing else', async () => {
    const { folder } = copied();
    const to = join(folder, 'pulled');
    expect(await geo('checkpoints', 'pull', runId, '--runs', folder, '--from', 'step:6', '--to', to)).toMatchObject({ exitCode: 0 });
    const { manifest, files } = await readCheckpoint(to);
    expect(manifest.facts).toMatchObject({ step: 6 });
    expect([...files.keys()]).toEqual(['parameters.safetensors', 'state.safetensors', 'optimizer.safetensors']);
    const again = await geo('checkpoints', 'pull', runId, '--runs', folder, '--to', to);
    expect(again).toMatchObject({ exitCode: 2 });
    expect(again.err).toContain('expected a folder that does not exist');
    const missing = await geo('checkpoints', 'pull', runId, '--runs', folder, '--from', 'step:5', '--to', join(folder, 'other'));
    expect(missing.err).toContain('hint: checkpoints: steps 0, 3, 6, 8');
  });
});

describe('geo list', () => {
  it('says how each run ended, and how far one came that did not', async () => {
    const { folder, path } = copied();
    cpSync(path, `${path}-b`, { recursive: true });
    rmSync(join(`${path}-b`, 'result.json'));
    const { out } = await geo('list', '--runs', folder);
    expect(
      out
        .split('\n')
        .slice(1, 3)
        .map((line) => line.trim().split(/ +/)),
    ).toEqual([
      [runId, 'completed', '8/8'],
      [`${runId}-b`, 'interrupted', '8/8'],
    ]);
    expect((await geo('list', '--runs', join(folder, 'none'))).out).toContain('holds no runs');
  });
});

describe('geo pause, stop, scale, drain and resume of a run that nobody leads', () => {
  it.each([['pause'], ['stop'], ['scale', '3'], ['drain', 'worker-1']])('refuses %s', async (verb, ...rest) => {
    const { exitCode, out } = await geo(verb, original, ...rest, '--format', 'json');
    expect(exitCode).toBe(3);
    expect((JSON.parse(out) as { error: { code: string } }).error.code).toBe('RUN_NOT_LIVE');
  });

  it('refuses to resume a run that has completed, and whose end was told', async () => {
    const { folder, path } = copied();
    writeFileSync(join(path, 'result.json'), '{"state":"completed"}\n');
    writeFileSync(join(path, 'events.ndjson'), '{"sequence":1,"type":"run.finished","data":{"state":"completed"}}\n');
    const { exitCode, err } = await geo('resume', runId, '--runs', folder);
    expect(exitCode).toBe(1);
    expect(err).toContain('expected a run with steps left, got one that completed step 8');
  });
});
