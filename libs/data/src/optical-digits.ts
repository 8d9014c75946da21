/**
 * The embedded data set: 1,797 handwritten digits of 8x8 pixels with values 0 to 16, about 43 KB gzipped. 75 % train and 25 % test, by hash
 * of the index. Features are pixel / 16: dividing by a power of two is exact, so they have the same bits everywhere.
 * E. Alpaydin, C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI, doi:10.24432/C50P49, CC BY 4.0 (assets/ATTRIBUTION.md).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { DataError } from './errors.ts';
import { type ExampleTable, range } from './example-table.ts';
import { takeByHash } from './hash-split.ts';

/** Digest of the decompressed asset; also the data's part of what a result depends on. */
export const OPTICAL_DIGITS_DIGEST = 'sha256:c296256e139b628b4863db4c6eb01542ed5175f779a587e3a55744ba887f15d2';

/** Raw images and their labels. */
interface RawImages {
  readonly count: number;
  /** [count, 64] row-major, values 0 to 16. */
  readonly pixels: Uint8Array;
  /** [count], values 0 to 9. */
  readonly labels: Uint8Array;
}

const ASSET = new URL('../assets/optical-digits.bin.gz', import.meta.url);
const HEADER_BYTES = 16;
const PIXELS = 64;
const TEST_SHARE = 0.25;
const TEST_SALT = 0x7e57;

/** The embedded digits, or a copy of the asset elsewhere. @throws {DataError} as readOpticalDigits */
export function opticalDigits(asset?: URL): ExampleTable {
  const { count, pixels, labels } = readOpticalDigits(asset);
  const { taken: test, rest: training } = takeByHash(range(0, count), { share: TEST_SHARE, salt: TEST_SALT });
  return { digest: OPTICAL_DIGITS_DIGEST, classes: 10, featureShape: [PIXELS], values: pixels, divisor: 16, labels, training, test };
}

/**
 * Reads and verifies the embedded digits, or a copy of the asset elsewhere.
 * @throws {DataError} when the file is missing, is not gzip, or its bytes are not the ones that were published
 */
function readOpticalDigits(asset: URL = ASSET): RawImages {
  const file = fileURLToPath(asset);
  const bytes = decompress(file);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (digest !== OPTICAL_DIGITS_DIGEST) {
    throw new DataError(`readOpticalDigits ${file}`, {
      expected: OPTICAL_DIGITS_DIGEST,
      got: digest,
      hint: 'restore the file from the repository',
      file,
    });
  }
  // The digest fixes the header: the magic "DIG1", then 1797, 8, 8 as little-endian u32.
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  const labelsAt = HEADER_BYTES + count * PIXELS;
  return { count, pixels: bytes.subarray(HEADER_BYTES, labelsAt), labels: bytes.subarray(labelsAt, labelsAt + count) };
}

function decompress(file: string): Uint8Array {
  try {
    return gunzipSync(readFileSync(file));
  } catch (error) {
    const hint = 'restore the file from the repository';
    throw new DataError(`readOpticalDigits ${file}`, { expected: 'a readable gzip file', got: (error as Error).message, hint, file });
  }
}
