/** The disk of the simulation keeps what is synced, and may lose anything else when the power goes. */
import { describe, expect, it } from 'vitest';
import { seeded } from '../src/seeded-draw.ts';
import { SimulatedDisk } from '../src/simulation/simulated-disk.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (disk: SimulatedDisk, name: string): string => Buffer.from(disk.read(name)).toString();
const after = (prepare: (disk: SimulatedDisk) => void): Set<string> =>
  new Set(
    Array.from({ length: 60 }, (_, seed) => {
      const disk = new SimulatedDisk(seeded(seed));
      prepare(disk);
      disk.cutPower();
      return disk.exists('a') ? text(disk, 'a') : 'none';
    }),
  );

describe('SimulatedDisk', () => {
  it('creates a file once', () => {
    const disk = new SimulatedDisk(seeded(1));
    expect([disk.create('a'), disk.create('a')]).toEqual([true, false]);
  });

  it('keeps what was synced and loses any part of the rest when the power goes', () => {
    const states = after((disk) => {
      disk.append('a', bytes('12'));
      disk.sync('a');
      disk.append('a', bytes('34'));
    });
    expect(states).toEqual(new Set(['12', '123', '1234']));
  });

  it('saves nothing more of a file after a sync that failed, though later ones succeed', () => {
    const states = after((disk) => {
      disk.failureRate = 1;
      disk.append('a', bytes('12'));
      expect(disk.sync('a')).toBe(false);
      disk.failureRate = 0;
      expect(disk.sync('a')).toBe(true);
    });
    expect(states).toEqual(new Set(['', '1', '12']));
  });

  it('may undo a rename before the folder is synced, with what it had replaced', () => {
    const rename = (disk: SimulatedDisk): void => {
      for (const [name, content] of [
        ['a', 'old'],
        ['b', 'new'],
      ]) {
        disk.append(name, bytes(content));
        disk.sync(name);
      }
      disk.rename('b', 'a');
    };
    expect(after(rename)).toEqual(new Set(['old', 'new']));
    expect(
      after((disk) => {
        rename(disk);
        disk.syncFolder();
      }),
    ).toEqual(new Set(['new']));
  });
});
