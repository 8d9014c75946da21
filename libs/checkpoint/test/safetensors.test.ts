import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError, decodeSafetensors, encodeSafetensors, float32Tensor, float64Tensor, type StoredTensor } from '../src/index.ts';

/** A file from its header text and its body, as the format lays it out. */
function fileOf(header: string, body: Uint8Array | number = 0, headerLength = BigInt(Buffer.byteLength(header))): Uint8Array {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerLength);
  return Buffer.concat([length, Buffer.from(header), typeof body === 'number' ? Buffer.alloc(body) : body]);
}

/** Encodes one tensor, when called. */
function encoding(tensor: StoredTensor): () => Uint8Array {
  return () => encodeSafetensors(new Map([['w', tensor]]));
}

const F32_PAIR = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}';

describe('encodeSafetensors', () => {
  // Both files are the reference implementation's own serialisation tests (safetensors/src/tensor.rs).
  it("writes the reference implementation's bytes", () => {
    const header = '{"attn.0":{"dtype":"F32","shape":[1,2,3],"data_offsets":[0,24]}}';
    expect(header).toHaveLength(64);
    const bytes = encodeSafetensors(new Map([['attn.0', float32Tensor([1, 2, 3], new Float32Array(6))]]));
    expect(Buffer.from(bytes).equals(fileOf(header, 24))).toBe(true);
  });

  it('pads the header with spaces to 8 bytes, as the reference implementation does', () => {
    const header = '{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}';
    expect(header).toHaveLength(65);
    const bytes = encodeSafetensors(new Map([['attn0', float32Tensor([1, 1, 2, 3], new Float32Array(6))]]));
    expect(Buffer.from(bytes).equals(fileOf(`${header}${' '.repeat(7)}`, 24))).toBe(true);
  });

  it('stores wide elements first, so that each tensor is aligned whatever order it was given in', () => {
    const flag: StoredTensor = { dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) };
    const tensors: [string, StoredTensor][] = [
      ['flag', flag],
      ['single', float32Tensor([1], Float32Array.of(2))],
      ['double', float64Tensor([], Float64Array.of(Math.PI))],
    ];
    const bytes = encodeSafetensors(new Map(tensors), { purpose: 'test' });
    expect(bytes).toEqual(encodeSafetensors(new Map(tensors.toReversed()), { purpose: 'test' }));
    expect([...decodeSafetensors(bytes).tensors.keys()]).toEqual(['double', 'single', 'flag']);
  });

  it('refuses a tensor whose data does not fit its dtype or shape', () => {
    expect(encoding(float32Tensor([3], new Float32Array(2)))).toThrow(
      'encodeSafetensors: tensor w: expected 3 elements for shape [3], got 2 (the caller mixed up its tensors)',
    );
    expect(encoding({ dtype: 'F64', shape: [2], data: new Float32Array(2) })).toThrow('expected an array for F64, got Float32Array');
    expect(() => encodeSafetensors(new Map([['__metadata__', float32Tensor([], new Float32Array(1))]]))).toThrow(
      'the reserved name __metadata__',
    );
  });
});

const tensor: fc.Arbitrary<StoredTensor> = fc
  .record({ dtype: fc.constantFrom('F64', 'F32', 'I32', 'U8', 'BOOL'), shape: fc.array(fc.nat(4), { maxLength: 3 }), seed: fc.nat(255) })
  .map(({ dtype, shape, seed }) => {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => (seed + 37 * index) % 256);
    if (dtype === 'F64') return { dtype, shape, data: Float64Array.from(values, Math.sqrt) };
    if (dtype === 'F32') return { dtype, shape, data: Float32Array.from(values, Math.sqrt) };
    if (dtype === 'I32') return { dtype, shape, data: Int32Array.from(values, (value) => -value) };
    return { dtype, shape, data: Uint8Array.from(values, (value) => (dtype === 'BOOL' ? value % 2 : value)) };
  });

describe('decodeSafetensors', () => {
  it('gives back what was written, also from an odd offset', () => {
    const names = fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__' && name !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(names, tensor, { maxKeys: 6, noNullPrototype: true }), fc.string(), (tensors, note) => {
        const bytes = encodeSafetensors(new Map(Object.entries(tensors)), { note });
        const shifted = new Uint8Array(bytes.length + 1);
        shifted.set(bytes, 1);
        const file = decodeSafetensors(shifted.subarray(1));
        expect(Object.fromEntries(file.tensors)).toEqual(tensors);
        expect(file.metadata).toEqual({ note });
      }),
      { seed: 1 },
    );
  });

  it('keeps every bit of a float, NaN payloads and negative zero too', () => {
    const bits = Uint32Array.of(0x7fc12345, 0x80000000, 0x00000001, 0xff800000);
    const { tensors } = decodeSafetensors(encodeSafetensors(new Map([['w', float32Tensor([4], new Float32Array(bits.buffer))]])));
    expect(new Uint32Array((tensors.get('w') as StoredTensor).data.buffer)).toEqual(bits);
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'expected at least 8 bytes, got 0'],
    ['a huge header', fileOf('{}', 0, 2n ** 62n), 'expected a header of at most 100000000 bytes, got 4611686018427387904'],
    ['a header beyond the file', fileOf('{}', 0, 90n), 'expected a header of 90 bytes, got a file of 10 bytes'],
    ['an empty header', fileOf(''), 'expected a header that begins with {, got an empty header'],
    ['a header that is a list', fileOf('[]'), 'expected a header that begins with {, got byte 91'],
    ['a broken header', fileOf('{"a"'), 'expected a JSON header, got '],
    ['a truncated body', fileOf(F32_PAIR, 15), 'expected 16 bytes of tensors, got 15 bytes'],
    ['trailing bytes', fileOf(F32_PAIR, 17), 'expected 16 bytes of tensors, got 17 bytes'],
    ['an overlap', fileOf(F32_PAIR.replace('[8,16]', '[4,12]'), 12), 'expected tensor b to begin at byte 8, got byte 4, an overlap'],
    ['a gap', fileOf(F32_PAIR.replace('[8,16]', '[12,20]'), 20), 'expected tensor b to begin at byte 8, got byte 12, a gap'],
    [
      'a range that does not fit the shape',
      fileOf(F32_PAIR.replace('[8,16]', '[8,12]'), 12),
      'expected tensor b of F32[2] over 8 bytes, got the range 8..12',
    ],
    ['a backward range', fileOf(F32_PAIR.replace('[8,16]', '[16,8]'), 16), 'expected tensor b of F32[2] over 8 bytes, got the range 16..8'],
    [
      'a negative extent',
      fileOf(F32_PAIR.replace('"shape":[2]', '"shape":[-2]'), 16),
      'expected tensor a with a shape of integers >= 0, got [-2]',
    ],
    [
      'a shape that overflows',
      fileOf(F32_PAIR.replace('"shape":[2]', '"shape":[9007199254740991,9007199254740991]'), 16),
      'expected tensor a of F32[',
    ],
    ['an unsupported dtype', fileOf(F32_PAIR.replace('F32', 'BF16'), 16), 'expected tensor a of dtype F64, F32, I32, U8, BOOL, got BF16'],
    ['a missing range', fileOf('{"a":{"dtype":"F32","shape":[0]}}'), 'expected tensor a with data_offsets [begin, end], got undefined'],
    ['an entry that is no object', fileOf('{"a":1}'), 'expected an object for tensor a, got 1'],
    [
      'a BOOL that is neither',
      fileOf('{"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}', Uint8Array.of(2)),
      'expected tensor a of BOOL bytes 0 and 1',
    ],
    ['metadata that is not text', fileOf('{"__metadata__":{"a":1}}'), 'expected __metadata__ to map text to text, got {"a":1}'],
  ])('refuses %s', (_case, bytes, message) => {
    const decode = (): unknown => decodeSafetensors(bytes, 'w.safetensors');
    expect(decode).toThrow(CheckpointError);
    expect(decode).toThrow(`w.safetensors: ${message}`);
    expect(decode).toThrow('(the file is damaged or is not safetensors)');
  });
});
