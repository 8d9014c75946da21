/** What callers of this library can do wrong. */

/** An option that cannot be: named, with what was expected and what came. */
export class ChaosError extends Error {
  override readonly name = 'ChaosError';
  readonly option: string;

  constructor(option: string, expected: string, got: string) {
    super(`${option}: expected ${expected}, got ${got}`);
    this.option = option;
  }
}

/** @throws {ChaosError} when a number is not finite or below `least` */
export function checkNumber(option: string, value: number, least: number): void {
  if (!Number.isFinite(value) || value < least) throw new ChaosError(option, `a number of at least ${least}`, `${value}`);
}
