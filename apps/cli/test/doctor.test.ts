/** The doctor's conclusions: every problem has a remedy, and only what prevents a run fails. */
import { describe, expect, it } from 'vitest';
import { checksFor, type Check, type Facts } from '../src/doctor/checks.ts';
import { executorTable, type ExecutorFact } from '../src/doctor/executors.ts';
import { gatherLinalg, linalgTable } from '../src/doctor/linalg.ts';

const GIB = 2 ** 30;
const healthy: Facts = {
  nodeVersion: 'v20.19.0',
  cores: 4,
  memory: { free: 8 * GIB, total: 16 * GIB },
  executors: [
    { name: 'onnx-cpu', available: true, version: '1.30.0', deterministic: true },
    { name: 'onnx-cuda', available: false, reason: 'no library', deterministic: false },
    { name: 'reference', available: true, version: '1', deterministic: true },
  ],
  loopbackProblem: undefined,
  runs: { folder: '/tmp/runs', problem: undefined, free: 10 * GIB, isNetwork: false },
  nats: {},
};

function check(name: string, change: Partial<Facts>): Check | undefined {
  return checksFor({ ...healthy, ...change }).find((candidate) => candidate.name === name);
}

describe('checksFor', () => {
  it('is content with an ordinary host', () => {
    expect(checksFor(healthy).map(({ status }) => status)).toEqual(Array(8).fill('ok'));
  });

  it.each(['v18.20.4', 'v20.18.9'])('refuses Node %s', (nodeVersion) => {
    expect(check('Node', { nodeVersion })).toMatchObject({ status: 'fail', found: nodeVersion });
  });

  it('warns of a single core', () => {
    expect(check('cores', { cores: 1 })).toMatchObject({ status: 'warn', found: '1 core' });
  });

  it('warns of little memory and fails with almost none', () => {
    expect(check('memory', { memory: { free: 0.5 * GIB, total: GIB } })?.status).toBe('warn');
    expect(check('memory', { memory: { free: 0.1 * GIB, total: GIB } })?.status).toBe('fail');
  });

  it('names the reason why ONNX Runtime does not load', () => {
    const [native, ...others] = healthy.executors;
    const broken = { ...native, available: false, reason: 'no such binding' };
    const found = check('executors', { executors: [broken, ...others] });
    expect(found).toMatchObject({ status: 'warn', found: 'reference; onnx-cpu does not work: no such binding' });
  });

  it('warns of an executor that loads and does not compute', () => {
    const [native] = healthy.executors;
    expect(check('executors', { executors: [{ ...native, problem: 'it ran out of memory' }] })?.status).toBe('warn');
  });

  it('refuses a runs folder on a network file system or without permission', () => {
    expect(check('runs folder', { runs: { ...healthy.runs, isNetwork: true } })?.status).toBe('fail');
    expect(check('runs folder', { runs: { ...healthy.runs, problem: 'EACCES' } })).toMatchObject({
      status: 'fail',
      found: '/tmp/runs: EACCES',
    });
  });

  it('says how to get NATS on every system where there is none, which is no fault', () => {
    const found = check('NATS', {});
    expect(found).toMatchObject({ status: 'ok', found: 'not configured: events stay in process; nats-server is not installed' });
    for (const way of ['Linux: apt-get install', 'macOS: brew install', 'Windows: scoop install', 'Kubernetes: helm'])
      expect(found?.remedy).toContain(way);
    expect(check('NATS', { nats: { installed: '2.9.10' } })).toMatchObject({ status: 'ok', remedy: '' });
  });

  it('names the server, its streams, and what this user may not do', () => {
    const server = {
      name: 'a',
      version: '2.9.10',
      maxPayload: 2 ** 20,
      streams: [{ name: 'GD_EVENTS_main', messages: 3, bytes: 2048 }],
      publishing: 'allowed',
      reading: 'allowed',
    } as const;
    const nats = { configured: { servers: ['nats://127.0.0.1:4222'], cluster: 'main' }, server };
    expect(check('NATS', { nats })).toMatchObject({
      status: 'ok',
      found: expect.stringMatching(
        /^nats-server 2\.9\.10 with JetStream.*GD_EVENTS_main.*127\.0\.0\.1:4222; may publish and read$/,
      ) as string,
    });
    const refused = { message: 'gd.ev.main.doctor.probe: expected the right to publish, got none', hint: 'allow it', isFatal: false };
    expect(check('NATS', { nats: { ...nats, server: { ...server, publishing: refused } } })).toMatchObject({
      status: 'warn',
      found: expect.stringContaining(refused.message) as string,
      remedy: 'allow it',
    });
    expect(check('NATS', { nats: { ...nats, server: { ...server, maxPayload: 65_536 } } })?.status).toBe('warn');
    expect(check('NATS', { nats: { problem: { ...refused, isFatal: true } } })?.status).toBe('fail');
  });

  it('has a remedy for whatever is not ok', () => {
    const worst = checksFor({
      nodeVersion: 'v18.0.0',
      cores: 1,
      memory: { free: 0, total: GIB },
      executors: [],
      loopbackProblem: 'EPERM',
      runs: { folder: '/', problem: undefined, free: 0, isNetwork: true },
      nats: { problem: { message: 'NATS: expected an answer, got none', hint: 'start it', isFatal: false } },
    });
    for (const { status, remedy } of worst) expect([status, remedy]).not.toEqual([expect.any(String), '']);
  });
});

describe('executorTable', () => {
  const text = (executors: readonly ExecutorFact[]): string[] =>
    executorTable(executors).map((line) => line.map((part) => part.text).join(''));

  it('shows speed where it was measured, and the reason where there is none', () => {
    const measured = { matmulGflops: 81.25, stepGflops: 40, stepRowsPerSecond: 12000 };
    const [, native, cuda] = text([{ ...healthy.executors[0], measured }, ...healthy.executors.slice(1)]);
    expect(native).toMatch(/onnx-cpu +1\.30\.0 +exact +81\.3 +40\.0/);
    expect(cuda).toMatch(/onnx-cuda +absent: no library/);
  });
});

describe('linalgTable', () => {
  it('shows what is there, and why not what is absent', () => {
    const facts = [
      { name: 'wasm', available: true },
      { name: 'lapack', available: false, reason: 'koffi is not installed' },
    ] as const;
    const [, wasm, lapack] = linalgTable(facts).map((line) => line.map((part) => part.text).join(''));
    expect(wasm).toMatch(/wasm +present/);
    expect(lapack).toMatch(/lapack +absent: koffi is not installed/);
  });

  it('finds what needs nothing of the host', async () => {
    const found = await gatherLinalg();
    expect(found.filter(({ available }) => available).map(({ name }) => name)).toEqual(expect.arrayContaining(['wasm', 'plain']));
    for (const { available, reason, version } of found.filter(({ name }) => name === 'lapack'))
      expect(available ? version : reason).toBeTruthy();
  });
});
