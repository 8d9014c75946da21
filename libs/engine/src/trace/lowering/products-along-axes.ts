/**
 * Products along axes as trees of multiplications: depth log2(n), exact for zeros and negative values, and so is their
 * derivative, which exp(sum(log(x))) and prod / x are not.
 */
import type { CumprodAttrs, ProdAttrs } from '@tensorflow/tfjs-core';
import { sizeOf } from '@geodesic/tensor';
import type { Recorder, Value } from '../recorder.ts';
import { axesOf, axisOf, type LoweringTable } from './lowering.ts';

/** Lowerings of Prod and Cumprod. */
export const productsAlongAxes: LoweringTable = {
  Prod: (recorder, { x }, { axis, keepDims }: ProdAttrs) => {
    const axes = axesOf(axis, x.shape);
    const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
    const outer = kept.map((i) => x.shape[i]);
    const factors = recorder.kernel('Transpose', [numeric(recorder, x)], { perm: [...kept, ...axes] });
    const rows = recorder.reshape(factors, [sizeOf(outer), sizeOf(x.shape) / sizeOf(outer)]);
    return recorder.reshape(productOfRows(recorder, rows), keepDims ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n)) : outer);
  },
  Cumprod: (recorder, { x }, { axis, exclusive, reverse }: CumprodAttrs) => {
    const at = axisOf(axis, x.shape.length);
    const turn = (value: Value): Value => (reverse ? recorder.kernel('Reverse', [value], { axes: [at] }) : value);
    const scanned = scan(recorder, turn(numeric(recorder, x)), at);
    return turn(exclusive ? shiftByOne(recorder, scanned, at) : scanned);
  },
};

function numeric(recorder: Recorder, x: Value): Value {
  return x.dtype === 'bool' ? recorder.cast(x, 'int32') : x;
}

/** Entries [from, to) of an axis. */
function range(recorder: Recorder, x: Value, axis: number, [from, to]: readonly [number, number]): Value {
  return recorder.slice(
    x,
    x.shape.map((_, i) => (i === axis ? from : 0)),
    x.shape.with(axis, to - from),
  );
}

/** [rows, n] -> [rows, 1]: halves are multiplied until one entry is left. */
function productOfRows(recorder: Recorder, rows: Value): Value {
  let value = rows;
  for (let n = value.shape[1]; n > 1; n = value.shape[1]) {
    const half = Math.floor(n / 2);
    const product = recorder.elementwise('Multiply', range(recorder, value, 1, [0, half]), range(recorder, value, 1, [half, 2 * half]));
    value = n % 2 === 0 ? product : recorder.concat([product, range(recorder, value, 1, [n - 1, n])], 1);
  }
  return value;
}

/** Running products (Hillis and Steele 1986): after step s every entry holds the product of up to 2s entries before it. */
function scan(recorder: Recorder, x: Value, axis: number): Value {
  const n = x.shape[axis];
  let value = x;
  for (let step = 1; step < n; step *= 2) {
    const later = recorder.elementwise('Multiply', range(recorder, value, axis, [step, n]), range(recorder, value, axis, [0, n - step]));
    value = recorder.concat([range(recorder, value, axis, [0, step]), later], axis);
  }
  return value;
}

/** A one in front, the last entry dropped. */
function shiftByOne(recorder: Recorder, x: Value, axis: number): Value {
  const one = recorder.constant(1, x.dtype, x.shape.with(axis, 1));
  const n = x.shape[axis];
  return n === 1 ? one : recorder.concat([one, range(recorder, x, axis, [0, n - 1])], axis);
}
