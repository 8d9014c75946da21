/** Counts the bytes of encoded chunks in both directions; up is towards the coordinator, whoever counts. */

/** Bytes since the start. */
export interface Traffic {
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** A counter that one process writes and anyone reads. */
export class TrafficCounter implements Traffic {
  bytesUp = 0;
  bytesDown = 0;

  /** A frozen copy of the present values. */
  read(): Traffic {
    return { bytesUp: this.bytesUp, bytesDown: this.bytesDown };
  }
}
