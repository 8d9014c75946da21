/** A slot of sequences and their lengths, as tests of layers over positions want them. */
import type { TensorData } from '@geodesic/tensor';
import { tensor } from './evaluate-function.ts';
import { normal } from './run-layer.ts';

/** B, T, C of {@link sequence}. */
export const [rows, positions, width]: readonly [number, number, number] = [4, 5, 6];

/** [B, T, C] */
export const sequence: TensorData = normal('x', [rows, positions, width]);

/** [B, T] 1 at the first 3, 5, 1 and 4 positions. */
export const lengthsMask: TensorData = tensor([rows, positions], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0]);
