/**
 * Parameters that are not trained. The update is minus zero everywhere, the one number that leaves every float as it is, bit for bit:
 * x + (-0) = x even for x = -0, which + 0 would change.
 */
import { type Group, type GroupOutput, lengthOf, type Span } from './group.ts';
import type { StateTree } from './state.ts';

/** A group that does not move. No state. */
export class FrozenGroup implements Group {
  readonly name: string;
  readonly spans: readonly Span[];

  constructor(name: string, spans: readonly Span[]) {
    this.name = name;
    this.spans = spans;
  }

  initialState(): StateTree {
    return {};
  }

  statisticsDue(): boolean {
    return false;
  }

  step(): GroupOutput {
    return { update: new Float64Array(lengthOf(this.spans)).fill(-0), state: {}, report: {} };
  }
}
