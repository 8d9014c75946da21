/** Virtual time: what is to happen, in order of time and, at the same time, in order of asking. A binary heap. */

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

/** The future. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #asked = 0;
  #now = 0;
  #happened = 0;

  /** Virtual ms since the start. */
  get now(): number {
    return this.#now;
  }

  /** Events so far. */
  get happened(): number {
    return this.#happened;
  }

  /** Has something happen so many virtual ms from now. O(log n) */
  after(ms: number, happen: () => void): void {
    const entry = { at: this.#now + ms, order: this.#asked, happen };
    this.#asked += 1;
    const heap = this.#heap;
    let child = heap.length;
    heap.push(entry);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(entry, heap[parent])) break;
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = entry;
  }

  /** Lets the next event happen; false when there is none. */
  step(): boolean {
    const heap = this.#heap;
    const first = heap.at(0);
    const last = heap.pop();
    if (first === undefined || last === undefined) return false;
    if (heap.length > 0) this.#sink(last);
    this.#now = first.at;
    this.#happened += 1;
    first.happen();
    return true;
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
      if (!isBefore(heap[child], entry)) break;
      heap[parent] = heap[child];
      parent = child;
    }
    heap[parent] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
