/** Deaths on purpose: at the n-th passing of a place everything dies at once, whatever the weather is. */
import type { CutPoint } from './cut-point.ts';

/** All processes die, with the power of the coordinator's machine, when a coordinator passes a place. */
export interface Strike {
  readonly place: CutPoint;
  /** Which passing of it since the start; from 1. */
  readonly nth: number;
  /** So many start afterwards. */
  readonly workers: number;
  /** Everything on the disk is lost but the log and the first checkpoint; default false. */
  readonly keepsOnlyLog?: boolean;
}

/** The strikes that are to come, in order. */
export class StrikePlan {
  readonly #strikes: Strike[];
  readonly #passed = new Map<CutPoint, number>();

  constructor(strikes: readonly Strike[]) {
    this.#strikes = [...strikes];
  }

  /** Notes that a place is passed; whether the next strike is here. */
  passes(place: CutPoint): boolean {
    const passed = (this.#passed.get(place) ?? 0) + 1;
    this.#passed.set(place, passed);
    const next = this.#strikes.at(0);
    return next?.place === place && next.nth === passed;
  }

  /** The strike that is here, which is done now. */
  take(place: CutPoint): Strike | undefined {
    const next = this.#strikes.at(0);
    return next?.place === place && next.nth === this.#passed.get(place) ? this.#strikes.shift() : undefined;
  }
}
