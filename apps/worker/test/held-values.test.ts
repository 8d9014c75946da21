import { applyUpdate, combine, parametersChecksum } from '@geodesic/cluster';
import { GraphBuilder, referenceExecutor, type DeviceExecutor, type DeviceValue, type Graph } from '@geodesic/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import { HeldValues } from '../src/held-values.ts';

const snapshot = { parameters: Float32Array.of(1, 2, 3, 4), state: Float32Array.of(7), previous: Float32Array.of(0, 0, 0, 1) };
const direction = Float32Array.of(0.1, 0.2, 0.3, 0.4);
const combination = { digest: 'sha256:00', length: 4, alpha: 0.5, mu: 0.25 };
const named = { vectors: [{ name: 'direction', digest: 'sha256:00', length: 4 }] };

/** A graph that reads theta and others in these shapes. */
function graphOf(others: Readonly<Record<string, readonly number[]>>): Graph {
  const builder = new GraphBuilder();
  builder.output('sum:theta', builder.input('theta', [4], 'float32'));
  for (const [name, shape] of Object.entries(others)) builder.output(`sum:${name}`, builder.input(name, shape, 'float32'));
  return builder.build();
}

/** An executor with a memory of its own: what lies there, as text. */
function device(): { executor: DeviceExecutor; memory: Set<DeviceValue>; listed: () => Promise<string[]> } {
  const memory = new Set<DeviceValue>();
  const executor = {
    ...referenceExecutor(),
    place: async (value) => {
      const copy = { ...value, data: value.data.slice() };
      const placed: DeviceValue = { ...copy, read: async () => copy, dispose: () => void memory.delete(placed) };
      memory.add(placed);
      return placed;
    },
  } as DeviceExecutor;
  const listed = async (): Promise<string[]> => {
    const values = await Promise.all([...memory].map((value) => value.read()));
    return values.map(({ shape, data }) => `${shape.join('x')}: ${[...data].join(' ')}`);
  };
  return { executor, memory, listed };
}

let held: HeldValues;

beforeEach(() => {
  held = new HeldValues(referenceExecutor(), { parameters: 4, state: 1 });
  held.load(snapshot);
});

describe('HeldValues', () => {
  it('gives a graph what it reads: the last change flat, vectors in its own shape', async () => {
    held.hold('sha256:00', direction);
    const { host, placed } = await held.shared(graphOf({ previous: [4], 'vector:direction': [2, 2] }), named);
    expect(host['previous']).toEqual({ dtype: 'float32', shape: [4], data: snapshot.previous });
    expect(host['vector:direction']).toEqual({ dtype: 'float32', shape: [2, 2], data: direction });
    expect(placed).toEqual(host);
  });

  it('forms a combination as everyone does, and keeps it as the last change', async () => {
    held.hold('sha256:00', direction);
    const first = combine(direction, snapshot.previous, 0.5, 0.25);
    const parameters = snapshot.parameters.slice();
    applyUpdate(parameters, first);
    expect(held.apply({ combination, state: Float32Array.of(8) })).toBe(parametersChecksum(parameters));
    const second = combine(direction, first, 0.5, 0.25);
    applyUpdate(parameters, second);
    expect(held.apply({ combination, state: Float32Array.of(9) })).toBe(parametersChecksum(parameters));
    const { host } = await held.shared(graphOf({ previous: [4] }), undefined);
    expect([host['previous'].data, host['theta'].data, host['state'].data]).toEqual([second, parameters, Float32Array.of(9)]);
  });

  it('moves the parameters for a trial to where the update would, and leaves them where they are', async () => {
    held.hold('sha256:00', direction);
    const { host } = await held.shared(graphOf({}), { vectors: [], move: combination });
    expect((await held.shared(graphOf({}), undefined)).host['theta'].data).toEqual(snapshot.parameters);
    held.apply({ combination, state: snapshot.state });
    expect((await held.shared(graphOf({}), undefined)).host['theta'].data).toEqual(host['theta'].data);
    // The same move from here leads elsewhere.
    const again = await held.shared(graphOf({}), { vectors: [], move: combination });
    expect(again.host['theta'].data).not.toEqual(host['theta'].data);
  });

  it('does not keep the last change where the run never reads it', async () => {
    held.load({ ...snapshot, previous: new Float32Array(0) });
    held.apply({ delta: direction, state: snapshot.state });
    await expect(held.shared(graphOf({ previous: [4] }), undefined)).rejects.toThrow('compute: previous: expected 4 elements, got 0');
  });

  it('says which vector a round does not bring, and which is not held', async () => {
    const graph = graphOf({ 'vector:direction': [4] });
    await expect(held.shared(graph, undefined)).rejects.toThrow('compute: expected the round to bring vector:direction, got none');
    await expect(held.shared(graph, named)).rejects.toThrow('compute: expected the vector sha256:00 to be held, got 0 others');
    held.hold('sha256:00', Float32Array.of(1));
    await expect(held.shared(graph, named)).rejects.toThrow('compute: vector:direction: expected 4 elements, got 1');
  });
});

describe('HeldValues on a device', () => {
  it('places each value once, and gives it back when it changes or is released', async () => {
    const { executor, memory, listed } = device();
    held = new HeldValues(executor, { parameters: 4, state: 1 });
    held.load(snapshot);
    held.hold('sha256:00', direction);
    const graph = graphOf({ previous: [4], 'vector:direction': [2, 2] });
    await held.shared(graph, named);
    const { placed } = await held.shared(graph, named);
    expect(await listed()).toEqual(['4: 1 2 3 4', '4: 0 0 0 1', `2x2: ${[...direction].join(' ')}`]);
    expect([placed.theta, placed['previous'], placed['vector:direction']]).toEqual([...memory]);

    await held.shared(graphOf({}), { vectors: [], move: combination });
    await held.shared(graphOf({}), { vectors: [], move: combination });
    expect(memory.size).toBe(4);
    await held.shared(graphOf({}), { vectors: [], move: { ...combination, alpha: 0.75 } });
    expect(memory.size).toBe(4);
    held.apply({ delta: direction, state: snapshot.state });
    expect(await listed()).toEqual([`2x2: ${[...direction].join(' ')}`]);
    held.release('sha256:00');
    expect(memory.size).toBe(0);
  });
});
