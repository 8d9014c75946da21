/** Choosing executors needs no executor: what is present is told by the test. */
import { ExecutorError, isDeviceExecutor } from '@geodesic/engine';
import {
  engineNames,
  measureExecutor,
  openExecutor,
  probeExecutors,
  resolveEngine,
  type EngineName,
  type Presence,
} from '@geodesic/engine/executors';
import { describe, expect, it } from 'vitest';

/** A host that has some executors. */
const host =
  (present: readonly EngineName[], software: readonly EngineName[] = []) =>
  async (name: EngineName): Promise<Presence> => ({ available: present.includes(name), software: software.includes(name) });

describe('resolveEngine', () => {
  it('takes the processor for an exact run, whatever else is there', async () => {
    expect(await resolveEngine('auto', {}, host(engineNames))).toBe('onnx-cpu');
  });

  it('takes the best that is present for a relaxed run', async () => {
    const needs = { exactness: 'relaxed' };
    expect(await resolveEngine('auto', needs, host(engineNames))).toBe('onnx-cuda');
    expect(await resolveEngine('auto', needs, host(['onnx-cpu', 'onnx-webgpu']))).toBe('onnx-webgpu');
    expect(await resolveEngine('auto', needs, host(['onnx-cpu']))).toBe('onnx-cpu');
    expect(await resolveEngine('auto', needs, host([]))).toBe('reference');
  });

  it('passes over a graphics card that is emulated', async () => {
    expect(await resolveEngine('auto', { exactness: 'relaxed' }, host(['onnx-cpu', 'onnx-webgpu'], ['onnx-webgpu']))).toBe('onnx-cpu');
  });

  it('passes over executors without float64 for a run in float64', async () => {
    const needs = { exactness: 'relaxed', precision: 'float64' } as const;
    expect(await resolveEngine('auto', needs, host(['onnx-cpu', 'onnx-webgpu']))).toBe('onnx-cpu');
  });

  it('keeps a name, absent here or not, and refuses one that cannot do what the run needs', async () => {
    expect(await resolveEngine('reference', {}, host([]))).toBe('reference');
    expect(await resolveEngine('onnx-cuda', { exactness: 'relaxed' }, host([]))).toBe('onnx-cuda');
    await expect(resolveEngine('onnx-cuda', {}, host([]))).rejects.toThrow(
      'onnx-cuda: expected an executor that does what is asked, got exactness: exact, though its bits may differ from run to run',
    );
    await expect(resolveEngine('onnx-webgpu', { exactness: 'relaxed', precision: 'float64' })).rejects.toThrow(/precision: float64/);
  });
});

describe('probeExecutors', () => {
  it('answers for every executor, with a version or a reason', async () => {
    const probes = await probeExecutors();
    expect(probes.map(({ name }) => name)).toEqual(engineNames);
    for (const probe of probes) expect(probe.available ? probe.version : probe.reason).toBeTruthy();
    expect(probes.filter(({ name }) => name === 'onnx-cpu' || name === 'reference').every(({ available }) => available)).toBe(true);
  });
});

describe('openExecutor', () => {
  it('opens an executor by its name', async () => {
    const executor = await openExecutor('onnx-cpu', { threads: 2 });
    expect([executor.name, executor.deterministic, executor.fingerprint.threads]).toEqual(['onnx-cpu', true, 2]);
    expect(isDeviceExecutor(executor)).toBe(false);
    await executor.close();
  });

  it('refuses what an executor cannot do, and names that are none', async () => {
    await expect(openExecutor('onnx-webgpu', { precision: 'float64' })).rejects.toBeInstanceOf(ExecutorError);
    await expect(openExecutor('onnx-gpu' as EngineName)).rejects.toThrow(/a name that is none of onnx-cuda, onnx-webgpu, onnx-cpu/);
  });
});

describe('measureExecutor', () => {
  it('measures every executor that computes, once at least', async () => {
    const executor = await openExecutor('onnx-cpu');
    const { matmulGflops, stepGflops, stepRowsPerSecond } = await measureExecutor(executor, { budget: 0 });
    for (const figure of [matmulGflops, stepGflops, stepRowsPerSecond]) expect(figure).toBeGreaterThan(0);
    await executor.close();
  });
});
