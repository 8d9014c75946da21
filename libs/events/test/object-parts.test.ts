import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hexOf, isObject, PartAssembly, partBytesFor, partsOf, readPartShape } from '../src/object-parts.ts';
import { pseudoRandomBytes } from './pseudo-random-bytes.ts';

describe('PartAssembly', () => {
  const whole = pseudoRandomBytes(25, 1);
  const shape = { bytes: 25, parts: 3 };
  const parts = [whole.subarray(0, 10), whole.subarray(10, 20), whole.subarray(20)];

  it.each([
    [0, 1, 2],
    [2, 0, 1],
    [1, 2, 0],
  ])('puts parts together in the order %i, %i, %i', (...order) => {
    const assembly = new PartAssembly();
    expect(order.map((part) => assembly.add(part, shape, parts[part]))).toEqual([false, false, true]);
    expect(assembly.bytes()).toEqual(whole);
  });

  it('takes the newer of two parts, and is not whole for one that came twice', () => {
    const assembly = new PartAssembly();
    for (const part of [0, 1, 1]) expect(assembly.add(part, shape, new Uint8Array(10))).toBe(false);
    assembly.add(0, shape, parts[0]);
    assembly.add(1, shape, parts[1]);
    expect(assembly.add(2, shape, parts[2])).toBe(true);
    expect(assembly.bytes()).toEqual(whole);
  });

  it('begins anew with parts of another writer', () => {
    const assembly = new PartAssembly();
    assembly.add(0, shape, parts[0]);
    expect(assembly.add(1, { bytes: 25, parts: 2 }, whole.subarray(13))).toBe(false);
    expect(assembly.add(0, { bytes: 25, parts: 2 }, whole.subarray(0, 13))).toBe(true);
    expect(assembly.bytes()).toEqual(whole);
  });

  it('gives no bytes when they are not as many as was said', () => {
    const assembly = new PartAssembly();
    expect(assembly.add(0, { bytes: 25, parts: 1 }, parts[0])).toBe(true);
    expect(assembly.bytes()).toBeUndefined();
    expect(assembly.add(7, { bytes: 25, parts: 1 }, parts[0])).toBe(false);
  });
});

describe('parts', () => {
  it('fit into what the server takes', () => {
    expect(partBytesFor(1024 * 1024)).toBe(512 * 1024);
    expect(partBytesFor(64 * 1024)).toBe(63 * 1024);
    expect([0, 1, 10, 11].map((bytes) => partsOf(bytes, 10))).toEqual([1, 1, 1, 2]);
  });

  it('are told by their headers, if these make sense', () => {
    const shapeOf = (bytes?: string, parts?: string) => readPartShape((name) => (name === 'Gd-Bytes' ? bytes : parts));
    expect(shapeOf('25', '3')).toEqual({ bytes: 25, parts: 3 });
    expect(shapeOf('0', '1')).toEqual({ bytes: 0, parts: 1 });
    for (const [bytes, parts] of [[undefined, '1'], ['25'], ['25', '0'], ['25', '26'], ['-1', '1'], ['1e9', '1'], ['0', '2']])
      expect(shapeOf(bytes, parts)).toBeUndefined();
  });
});

describe('digests', () => {
  it('are verified', async () => {
    const bytes = pseudoRandomBytes(100, 2);
    const hex = createHash('sha256').update(bytes).digest('hex');
    expect(hexOf(`sha256:${hex}`)).toBe(hex);
    expect(await isObject(hex, bytes)).toBe(true);
    expect(await isObject(hex, bytes.subarray(1))).toBe(false);
    for (const digest of [hex, 'sha256:', `sha256:${hex.toUpperCase()}`, `md5:${hex}`])
      expect(() => hexOf(digest)).toThrow(expect.objectContaining({ code: 'INVALID' }));
  });
});
