/**
 * Inner products and updates of contiguous doubles. A sum runs in eight interleaved chains that are added in a fixed order, so that it
 * is the same on every machine.
 */

/** The sum of x[i] y[i]. */
export function dot(n: i32, x: usize, y: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = f64x2.splat(0);
  let s2 = f64x2.splat(0);
  let s3 = f64x2.splat(0);
  const end = x + <usize>n * 8;
  for (; x + 64 <= end; x += 64, y += 64) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x), v128.load(y)));
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)));
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)));
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)));
  }
  for (; x + 16 <= end; x += 16, y += 16) s0 = f64x2.add(s0, f64x2.mul(v128.load(x), v128.load(y)));
  const total = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
  if (x < end) sum += load<f64>(x) * load<f64>(y);
  return sum;
}

/** y += factor x. */
export function axpy(n: i32, factor: f64, x: usize, y: usize): void {
  const factors = f64x2.splat(factor);
  const end = x + <usize>n * 8;
  for (; x + 32 <= end; x += 32, y += 32) {
    v128.store(y, f64x2.add(v128.load(y), f64x2.mul(factors, v128.load(x))));
    v128.store(y, f64x2.add(v128.load(y, 16), f64x2.mul(factors, v128.load(x, 16))), 16);
  }
  for (; x < end; x += 8, y += 8) store<f64>(y, load<f64>(y) + factor * load<f64>(x));
}

/** x *= factor. */
export function scale(n: i32, factor: f64, x: usize): void {
  const factors = f64x2.splat(factor);
  const end = x + <usize>n * 8;
  for (; x + 16 <= end; x += 16) v128.store(x, f64x2.mul(factors, v128.load(x)));
  if (x < end) store<f64>(x, factor * load<f64>(x));
}
