/** How far an array is from what it was. */

/** |now - before| / |now| in the Euclidean (Frobenius) norm; 0 where both are zero, and 1 where only `now` is. */
export function relativeChange(now: Float64Array, before: Float64Array): number {
  if (now === before) return 0;
  let [change, size] = [0, 0];
  for (let i = 0; i < now.length; i++) {
    const difference = now[i] - before[i];
    change += difference * difference;
    size += now[i] * now[i];
  }
  return ratio(change, size);
}

/** sqrt(part / whole) of two sums of squares, with the same answers for zeros. */
export function ratio(part: number, whole: number): number {
  if (part === 0) return 0;
  return whole === 0 ? 1 : Math.sqrt(part / whole);
}
