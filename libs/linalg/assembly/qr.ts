/**
 * Householder QR by blocks of columns. A block is copied out with its columns as rows, so that vectors are contiguous, and reduced
 * there: its columns are halved down to eight, which are taken one by one. Its vectors V and factor T are kept for Q.
 * Entries are of ordinary size: the caller scales.
 */
import { applyBlock, applyBlockToColumns, blockFactor, reflection } from './reflectors';
import { axpy, dot } from './vector';

/** Columns whose reflections are applied to the rest at once. */
const BLOCK: i32 = 48;
/** Columns that are reduced one after the other. */
const BASE: i32 = 8;

/** Doubles that the reflections of [m, n] take, with some scratch: for each block V [32, m] and T [32, 32]. */
export function qrWork(m: i32, n: i32): i32 {
  const blocks = (min(m, n) + BLOCK - 1) / BLOCK;
  return blocks * blockSize(m) + BLOCK * m + 2 * BLOCK * BLOCK + BLOCK + 2 * BLOCK * max(n, BLOCK);
}

function blockSize(m: i32): i32 {
  return BLOCK * (m + BLOCK);
}

/** Reduces A [m, n]: R stands in its upper triangle afterwards, garbage below; the reflections in `work`. */
export function qrFactor(m: i32, n: i32, a: usize, work: usize): void {
  const rank = min(m, n);
  const scratch = scratchOf(m, rank, work);
  for (let from = 0; from < rank; from += BLOCK) {
    const count = min(BLOCK, rank - from);
    const v = blockAt(m, from, work);
    reduceBlock(m, n, a, v, scratch, from, count);
    const rest = a + <usize>(from * n + from + count) * 8;
    applyBlockToColumns(n - from - count, m - from, count, rest, n, v, v + <usize>(BLOCK * m) * 8, false, 0, m - from, scratch);
  }
}

/**
 * Q's first min(m, n) columns, each times the diagonal entry of q [m, min(m, n)], which comes with zeros elsewhere: what a block of
 * reflections meets is diagonal in its own columns, and zero before them in the later ones.
 */
export function qrBasis(m: i32, n: i32, q: usize, work: usize): void {
  const rank = min(m, n);
  const scratch = scratchOf(m, rank, work);
  for (let from = ((rank - 1) / BLOCK) * BLOCK; from >= 0; from -= BLOCK) {
    const count = min(BLOCK, rank - from);
    const length = m - from;
    const v = blockAt(m, from, work);
    const t = v + <usize>(BLOCK * m) * 8;
    const corner = q + <usize>(from * rank + from) * 8;
    applyBlockToColumns(count, length, count, corner, rank, v, t, true, 0, count, scratch);
    applyBlockToColumns(rank - from - count, length, count, corner + <usize>count * 8, rank, v, t, true, count, length, scratch);
  }
}

/** Where the reflections of a block stand: V [count, m - from], then T. */
function blockAt(m: i32, from: i32, work: usize): usize {
  return work + <usize>((from / BLOCK) * blockSize(m)) * 8;
}

function scratchOf(m: i32, rank: i32, work: usize): usize {
  return work + <usize>(((rank + BLOCK - 1) / BLOCK) * blockSize(m)) * 8;
}

/** Copies a block's columns out as rows, reduces them and copies R back; V and T stay. */
function reduceBlock(m: i32, n: i32, a: usize, v: usize, scratch: usize, from: i32, count: i32): void {
  const length = m - from;
  const corner = a + <usize>from * (n + 1) * 8;
  for (let i = 0; i < length; i++)
    for (let j = 0; j < count; j++) store<f64>(v + (<usize>j * length + i) * 8, load<f64>(corner + (<usize>i * n + j) * 8));
  const tau = scratch + <usize>(BLOCK * m + 2 * BLOCK * BLOCK) * 8;
  reduce(length, v, tau, scratch, 0, count);
  for (let i = 0; i < count; i++)
    for (let j = i; j < count; j++) store<f64>(corner + (<usize>i * n + j) * 8, load<f64>(v + (<usize>j * length + i) * 8));
  unitTriangle(count, length, v);
  blockFactor(count, length, v, length, tau, v + <usize>(BLOCK * m) * 8, scratch);
}

/** Reduces the columns from..to of a block, which are rows of v [.., length]. */
function reduce(length: i32, v: usize, tau: usize, scratch: usize, from: i32, to: i32): void {
  if (to - from > BASE) {
    const middle = from + ((((to - from) >> 1) + BASE - 1) & ~(BASE - 1));
    reduce(length, v, tau, scratch, from, middle);
    update(length, v, tau, scratch, from, middle, to);
    reduce(length, v, tau, scratch, middle, to);
    return;
  }
  for (let j = from; j < to; j++) {
    const rest = length - j - 1;
    const diagonal = v + (<usize>j * length + j) * 8;
    // A last row has nothing below it.
    const factor = rest > 0 ? reflection(rest, diagonal, diagonal + 8) : 0;
    store<f64>(tau + <usize>j * 8, factor);
    for (let c = j + 1; c < to; c++) {
      const head = v + (<usize>c * length + j) * 8;
      const along = factor * (load<f64>(head) + dot(rest, diagonal + 8, head + 8));
      store<f64>(head, load<f64>(head) - along);
      axpy(rest, -along, diagonal + 8, head + 8);
    }
  }
}

/** Applies the reflections from..to of a block to its columns to..end. */
function update(length: i32, v: usize, tau: usize, scratch: usize, from: i32, to: i32, end: i32): void {
  const count = to - from;
  const reach = length - from;
  for (let j = 0; j < count; j++)
    memory.copy(scratch + <usize>(j * reach) * 8, v + (<usize>(from + j) * length + from) * 8, <usize>reach * 8);
  unitTriangle(count, reach, scratch);
  const t = scratch + <usize>(BLOCK * length) * 8;
  const work = tau + BLOCK * 8;
  blockFactor(count, reach, scratch, reach, tau + <usize>from * 8, t, t + <usize>(BLOCK * BLOCK) * 8);
  applyBlock(end - to, reach, count, v + (<usize>to * length + from) * 8, length, scratch, reach, t, false, work);
}

/** Ones on the diagonal of v [count, length] and zeros before it. */
function unitTriangle(count: i32, length: i32, v: usize): void {
  for (let j = 0; j < count; j++) {
    const row = v + <usize>(j * length) * 8;
    memory.fill(row, 0, <usize>j * 8);
    store<f64>(row + <usize>j * 8, 1);
  }
}
