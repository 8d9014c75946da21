/**
 * C += sign A B on packed panels, the product that everything else here is built of (Goto and van de Geijn, ACM TOMS 2008).
 * Every entry of C is one chain of additions in ascending k, whatever the blocking, with a rounded product and a rounded sum for each
 * k (no fused multiply-add): the bits are those of the three-loop definition, and the same on every machine.
 * Pointers are in bytes, strides and leading dimensions in entries; T is f64 or f32.
 */
import { packedA, packedB, scratchTile } from './workspace';

/** Rows of a register tile. */
const MR: i32 = 4;
/** Depth of a packed panel: a panel of A [4, 256] and one of B [256, 4] together fill half of a first-level cache of 32 KiB. */
const KC: i32 = 256;
/** Rows of A in the second-level cache at a time. */
const MC: i32 = 128;
/** Columns of B packed at a time: with a depth of 256 they fill 1 MiB of the second-level cache. */
const NC: i32 = 512;

/** Columns of a register tile: two vectors. */
function NR<T>(): i32 {
  return <i32>(32 / sizeof<T>());
}

/** What part of C is wanted: all of it, or only tiles that reach its lower triangle. */
export const FULL: i32 = 0;
export const LOWER: i32 = 1;

/**
 * C [m, n] += sign A [m, k] B [k, n]. Strides may be anything, so that transposes and descending k are a matter of strides.
 * `negate` subtracts instead. With LOWER, entries above the diagonal of C hold garbage afterwards.
 */
export function gemm<T>(
  m: i32,
  n: i32,
  k: i32,
  negate: bool,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
  c: usize,
  cRow: isize,
  part: i32,
): void {
  if (m <= 0 || n <= 0 || k <= 0) return;
  const size = <isize>sizeof<T>();
  for (let jc = 0; jc < n; jc += NC) {
    const columns = min(NC, n - jc);
    for (let pc = 0; pc < k; pc += KC) {
      const depth = min(KC, k - pc);
      packB<T>(b + (<isize>pc * bRow + <isize>jc * bColumn) * size, bRow, bColumn, depth, columns);
      for (let ic = part == LOWER ? jc : 0; ic < m; ic += MC) {
        const rows = min(MC, m - ic);
        packA<T>(a + (<isize>ic * aRow + <isize>pc * aColumn) * size, aRow, aColumn, rows, depth, negate);
        macroKernel<T>(rows, columns, depth, c + (<isize>ic * cRow + <isize>jc) * size, cRow, part == LOWER ? ic - jc : i32.MAX_VALUE);
      }
    }
  }
}

/** All register tiles of a block of C; tiles that lie wholly above diagonal `diagonal` (column - row) are skipped. */
function macroKernel<T>(rows: i32, columns: i32, depth: i32, c: usize, cRow: isize, diagonal: i32): void {
  const size = <isize>sizeof<T>();
  const rowBytes = <usize>(cRow * size);
  for (let i = 0; i < rows; i += MR) {
    const panelA = packedA + <usize>i * <usize>depth * <usize>size;
    const end = diagonal == i32.MAX_VALUE ? columns : min(columns, i + MR + diagonal);
    for (let j = 0; j < end; j += NR<T>()) {
      const panelB = packedB + <usize>j * <usize>depth * <usize>size;
      const at = c + (<isize>i * cRow + <isize>j) * size;
      if (rows - i >= MR && columns - j >= NR<T>()) microKernel<T>(depth, panelA, panelB, at, rowBytes);
      else edgeKernel<T>(depth, panelA, panelB, at, rowBytes, min(MR, rows - i), min(NR<T>(), columns - j));
    }
  }
}

/** A tile at the border of C goes through a full scratch tile. */
function edgeKernel<T>(depth: i32, a: usize, b: usize, c: usize, cRow: usize, rows: i32, columns: i32): void {
  const size = sizeof<T>();
  const tileRow = <usize>NR<T>() * size;
  for (let p = 0; p < rows; p++) memory.copy(scratchTile + <usize>p * tileRow, c + <usize>p * cRow, <usize>columns * size);
  microKernel<T>(depth, a, b, scratchTile, tileRow);
  for (let p = 0; p < rows; p++) memory.copy(c + <usize>p * cRow, scratchTile + <usize>p * tileRow, <usize>columns * size);
}

/** One register tile: eight vector accumulators start from C and take `depth` outer products. */
function microKernel<T>(depth: i32, a: usize, b: usize, c: usize, cRow: usize): void {
  const size = sizeof<T>();
  const c1 = c + cRow;
  const c2 = c1 + cRow;
  const c3 = c2 + cRow;
  let s00 = v128.load(c);
  let s01 = v128.load(c, 16);
  let s10 = v128.load(c1);
  let s11 = v128.load(c1, 16);
  let s20 = v128.load(c2);
  let s21 = v128.load(c2, 16);
  let s30 = v128.load(c3);
  let s31 = v128.load(c3, 16);
  const end = a + <usize>depth * 4 * size;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<T>(a);
    s00 = v128.add<T>(s00, v128.mul<T>(x, b0));
    s01 = v128.add<T>(s01, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a, sizeof<T>());
    s10 = v128.add<T>(s10, v128.mul<T>(x, b0));
    s11 = v128.add<T>(s11, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a, 2 * sizeof<T>());
    s20 = v128.add<T>(s20, v128.mul<T>(x, b0));
    s21 = v128.add<T>(s21, v128.mul<T>(x, b1));
    x = v128.load_splat<T>(a, 3 * sizeof<T>());
    s30 = v128.add<T>(s30, v128.mul<T>(x, b0));
    s31 = v128.add<T>(s31, v128.mul<T>(x, b1));
    a += 4 * size;
    b += 32;
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}

/** Packs A [rows, depth] into panels of four rows, k-major; missing rows are zero. */
function packA<T>(a: usize, aRow: isize, aColumn: isize, rows: i32, depth: i32, negate: bool): void {
  const size = <isize>sizeof<T>();
  const sign: T = negate ? <T>-1 : <T>1;
  const rowBytes = aRow * size;
  const columnBytes = aColumn * size;
  let out = packedA;
  for (let i = 0; i < rows; i += MR) {
    let p0 = a + <isize>i * rowBytes;
    if (rows - i >= MR) {
      let p1 = p0 + rowBytes;
      let p2 = p1 + rowBytes;
      let p3 = p2 + rowBytes;
      for (let k = 0; k < depth; k++) {
        store<T>(out, sign * load<T>(p0));
        store<T>(out, sign * load<T>(p1), sizeof<T>());
        store<T>(out, sign * load<T>(p2), 2 * sizeof<T>());
        store<T>(out, sign * load<T>(p3), 3 * sizeof<T>());
        p0 += columnBytes;
        p1 += columnBytes;
        p2 += columnBytes;
        p3 += columnBytes;
        out += 4 * size;
      }
    } else {
      for (let k = 0; k < depth; k++) {
        for (let p = 0; p < MR; p++) store<T>(out + <usize>p * size, p < rows - i ? sign * load<T>(p0 + <isize>p * rowBytes) : <T>0);
        p0 += columnBytes;
        out += 4 * size;
      }
    }
  }
}

/** Packs B [depth, columns] into panels of two vectors' columns, k-major; missing columns are zero. */
function packB<T>(b: usize, bRow: isize, bColumn: isize, depth: i32, columns: i32): void {
  if (bColumn == 1 && columns % NR<T>() == 0) return packRows<T>(b, bRow, depth, columns);
  const size = <isize>sizeof<T>();
  const rowBytes = bRow * size;
  const columnBytes = bColumn * size;
  let out = packedB;
  for (let j = 0; j < columns; j += NR<T>()) {
    let from = b + <isize>j * columnBytes;
    const full = columns - j >= NR<T>();
    if (full && bColumn == 1) {
      for (let k = 0; k < depth; k++) {
        v128.store(out, v128.load(from));
        v128.store(out, v128.load(from, 16), 16);
        from += rowBytes;
        out += 32;
      }
    } else {
      const there = min(NR<T>(), columns - j);
      for (let k = 0; k < depth; k++) {
        for (let q = 0; q < there; q++) store<T>(out + <usize>q * size, load<T>(from + <isize>q * columnBytes));
        for (let q = there; q < NR<T>(); q++) store<T>(out + <usize>q * size, <T>0);
        from += rowBytes;
        out += 32;
      }
    }
  }
}

/** The same for contiguous rows: eight at a time, so that cache lines are read and written whole. */
function packRows<T>(b: usize, bRow: isize, depth: i32, columns: i32): void {
  const rowBytes = bRow * <isize>sizeof<T>();
  const panelBytes = <usize>depth * 32;
  for (let k = 0; k < depth; k += 8) {
    const rows = min(8, depth - k);
    let from = b + <isize>k * rowBytes;
    let to = packedB + <usize>k * 32;
    for (let j = 0; j < columns; j += NR<T>()) {
      let row = from;
      let out = to;
      for (let p = 0; p < rows; p++) {
        v128.store(out, v128.load(row));
        v128.store(out, v128.load(row, 16), 16);
        row += rowBytes;
        out += 32;
      }
      from += 32;
      to += panelBytes;
    }
  }
}
