import { fileURLToPath } from 'node:url';
import { parametersChecksum } from '@geodesic/cluster';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ComputeClient } from '../src/compute-client.ts';

const fixture = fileURLToPath(new URL('./fixtures/counting-program.mjs', import.meta.url));
const clients: ComputeClient[] = [];

beforeEach(() => {
  process.env['GEODESIC_SLOT_PROGRAM_MODULE'] = fixture;
});

afterEach(async () => {
  delete process.env['GEODESIC_SLOT_PROGRAM_MODULE'];
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function start(bundle = 'good'): Promise<ComputeClient> {
  const client = await ComputeClient.start(new TextEncoder().encode(bundle));
  clients.push(client);
  return client;
}

const request = { step: 1, attempt: 0, phase: 'grad', block: { level: 1, index: 2 } };
const snapshot = (version: number) => ({
  version,
  parameters: Float32Array.of(1, 2, 3),
  state: Float32Array.of(7),
  previous: new Float32Array(0),
});

describe('ComputeClient', () => {
  it('loads, applies and computes in the thread, and reports checksums and fingerprint', async () => {
    const client = await start();
    expect(client.fingerprint).toEqual({ executor: 'counting' });
    expect(await client.load(snapshot(4))).toBe(parametersChecksum(Float32Array.of(1, 2, 3)));
    const delta = Float32Array.of(1, 1, 1);
    expect(await client.apply(5, { delta, state: Float32Array.of(8) })).toBe(parametersChecksum(Float32Array.of(2, 3, 4)));
    expect(delta).toHaveLength(0); // its memory has moved to the thread
    const contribution = await client.compute(5, request);
    expect(contribution).toEqual({ block: request.block, count: 8, scalars: Float64Array.of(5, 0), sums: Float32Array.of(2, 3, 4) });
  });

  it('computes on the parameters that were held when it was asked, never on later ones', async () => {
    const client = await start();
    const results = await Promise.all([
      client.load(snapshot(0)),
      client.compute(0, request),
      client.apply(1, { delta: Float32Array.of(1, 0, 0), state: Float32Array.of(8) }),
      client.compute(0, request),
      client.compute(1, request),
    ]);
    expect(results[1]).toMatchObject({ count: 7, sums: Float32Array.of(1, 2, 3) });
    expect(results[3]).toBeUndefined();
    expect(results[4]).toMatchObject({ count: 8, sums: Float32Array.of(2, 2, 3) });
  });

  it('hands vectors over before what names them, and takes them back after it', async () => {
    const client = await start();
    await client.load(snapshot(0));
    const direction = Float32Array.of(1, 0, -1);
    client.hold('sha256:00', direction);
    expect(direction).toHaveLength(0);
    const combination = { digest: 'sha256:00', length: 3, alpha: 1, mu: 0 };
    const [applied, computed] = [client.apply(1, { combination, state: Float32Array.of(8) }), client.compute(1, request)];
    client.release('sha256:00');
    const [checksum, during, after] = await Promise.all([applied, computed, client.compute(1, request)]);
    expect(checksum).toBe(parametersChecksum(Float32Array.of(2, 2, 2)));
    expect(during).toMatchObject({ scalars: Float64Array.of(5, 1), sums: Float32Array.of(2, 2, 2) });
    expect(after).toMatchObject({ scalars: Float64Array.of(5, 0) });
  });

  it('goes on after a program that fails on its inputs', async () => {
    const client = await start();
    await client.load(snapshot(0));
    const failing = client.compute(0, { ...request, phase: 'nan' });
    const next = client.compute(0, request);
    await expect(failing).rejects.toMatchObject({ message: 'Log makes NaN', fault: 'program' });
    expect(await next).toMatchObject({ count: 7 });
  });

  it('says why a bundle cannot be prepared', async () => {
    await expect(start('bad')).rejects.toThrow('counting: expected good, got bad');
  });

  it('rejects everything after a failure in the thread', async () => {
    const client = await start();
    await client.load(snapshot(0));
    const failing = client.compute(0, { ...request, phase: 'explode' });
    const next = client.compute(0, request);
    await expect(failing).rejects.toThrow('counting: phase explode');
    await expect(next).rejects.toThrow('counting: phase explode');
    await expect(client.load(snapshot(1))).rejects.toThrow('counting: phase explode');
  });
});
