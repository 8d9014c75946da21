import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecords, encodeRecord, LOG_START } from '../src/index.ts';
import type { LogEntry } from '../src/index.ts';
import { PROPERTY } from './fixtures.ts';

const entries: readonly LogEntry[] = [
  { type: 'run', run: 'r', specDigest: 'sha256:1', bundleDigest: 'sha256:2', chain: 'c', checksum: 's', seed: 1, engine: 'onnx-cpu' },
  { type: 'control', action: 'stop', step: 3, reason: 'asked — naïve 😀' },
  { type: 'finished', state: 'stopped', step: 2, version: 2, chain: 'c', paramsDigest: 'sha256:3' },
];

function encodeAll(term = 1): { bytes: Uint8Array; hashes: string[] } {
  let position = LOG_START;
  const encoded = entries.map((entry) => {
    const record = encodeRecord(entry, { ...position, term });
    position = record.next;
    return record;
  });
  return { bytes: Buffer.concat(encoded.map(({ bytes }) => bytes)), hashes: encoded.map(({ hash }) => hash) };
}

describe('encodeRecord', () => {
  it('frames canonical JSON with its length and CRC-32', () => {
    const { bytes } = encodeRecord({ type: 'control', step: 1, reason: '', action: 'stop' }, { ...LOG_START, term: 1 });
    const payload = `{"action":"stop","previous":"${'0'.repeat(64)}","reason":"","sequence":0,"step":1,"term":1,"type":"control"}`;
    expect(Buffer.from(bytes.subarray(8)).toString()).toBe(payload);
    expect(Buffer.from(bytes).readUInt32LE(0)).toBe(payload.length);
  });

  it('gives two leaders of one run the same chain', () => {
    const [first, second] = [encodeAll(1), encodeAll(9)];
    expect(second.hashes).toEqual(first.hashes);
    expect(second.bytes).not.toEqual(first.bytes);
  });

  it('refuses numbers that JSON cannot hold and names the member', () => {
    const entry: LogEntry = {
      type: 'step',
      step: 1,
      attempt: 0,
      phase: 'grad',
      version: 1,
      chain: '',
      checksum: '',
      inputDigest: '',
      examples: 1,
    };
    expect(() => encodeRecord({ ...entry, measurements: { trainLoss: Number.NaN } }, { ...LOG_START, term: 1 })).toThrow(
      'canonicalJson: record.measurements.trainLoss: expected plain JSON data, got NaN',
    );
  });
});

describe('decodeRecords', () => {
  const { bytes, hashes } = encodeAll();

  it('returns what was written, with hashes and the next position', () => {
    const log = decodeRecords(bytes);
    expect(log.torn).toBeUndefined();
    expect(log.validBytes).toBe(bytes.length);
    expect(log.records.map(({ hash }) => hash)).toEqual(hashes);
    expect(log.records[1]).toMatchObject({ ...entries[1], sequence: 1, previous: hashes[0], term: 1 });
    expect(log.next).toEqual({ sequence: 3, previous: hashes[2] });
  });

  it('reports a tail torn at any byte and keeps the records before it', () => {
    const ends = decodeRecords(bytes).records.map((_, i) => encodeAllUpTo(i + 1));
    for (let length = 0; length < bytes.length; length += 1) {
      const log = decodeRecords(bytes.subarray(0, length));
      const whole = ends.filter((end) => end <= length).length;
      expect(log.records.length).toBe(whole);
      expect(log.validBytes).toBe(whole === 0 ? 0 : ends[whole - 1]);
      expect(log.torn === undefined).toBe(length === log.validBytes);
    }
  });

  it('detects any flipped bit and never throws', () => {
    const property = fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      const log = decodeRecords(damaged);
      expect(log.torn).toBeDefined();
      expect(log.validBytes).toBeLessThanOrEqual(bit >> 3);
    });
    fc.assert(property, PROPERTY);
  });

  it('detects a record that was left out, though each one is sound', () => {
    const first = encodeRecord(entries[0], { ...LOG_START, term: 1 });
    const second = encodeRecord(entries[1], { ...first.next, term: 1 });
    const third = encodeRecord(entries[2], { ...second.next, term: 1 });
    expect(decodeRecords(Buffer.concat([first.bytes, third.bytes])).torn).toContain('expected sequence 1, got 2');
    const other = encodeRecord(entries[2], { sequence: 1, previous: second.hash, term: 1 });
    expect(decodeRecords(Buffer.concat([first.bytes, other.bytes])).torn).toContain(`expected previous hash ${first.hash}`);
  });

  function encodeAllUpTo(count: number): number {
    const log = decodeRecords(bytes);
    let end = 0;
    for (let i = 0; i < count && i < log.records.length; i += 1) end += 8 + Buffer.from(bytes).readUInt32LE(end);
    return end;
  }
});
