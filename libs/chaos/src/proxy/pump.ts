/**
 * One direction of one connection: reads from a socket, damages, delays and writes to the other. What is read and not yet written is
 * bounded, so that a slow direction pushes back as a real network does.
 */
import type { Socket } from 'node:net';
import { ByteFlipper } from './byte-flipper.ts';
import type { Draw } from '../seeded-draw.ts';
import type { DirectionFaults, ProxyClock } from './proxy-faults.ts';

/** Bytes that may be under way in one direction. */
const MAX_UNDER_WAY = 1024 * 1024;
/** A piece takes at most so long on a limited line, ms: bytes trickle. */
const PIECE_MS = 20;

/** Bytes, or the end of the stream, on their way. */
interface Piece {
  readonly due: number;
  readonly bytes: Uint8Array | 'end' | 'reset';
}

/** What a pump needs. */
export interface PumpOptions {
  readonly from: Socket;
  readonly to: Socket;
  readonly draw: Draw;
  readonly clock: ProxyClock;
  readonly faults: DirectionFaults;
  /** Resets both sockets. */
  readonly reset: () => void;
}

/** Moves bytes one way until told otherwise. */
export class Pump {
  readonly #options: PumpOptions;
  readonly #flipper: ByteFlipper;
  #faults: DirectionFaults;
  #held = false;
  /** Read so far. */
  #offset = 0;
  #flipped = 0;
  #queue: Piece[] = [];
  #underWay = 0;
  #lineFreeAt = 0;
  #lastDue = 0;
  #cancelTimer: (() => void) | undefined;
  #isBlocked = false;
  /** The last piece has been queued. */
  #isEnding = false;
  #isOver = false;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#flipper = new ByteFlipper(options.draw);
    this.#faults = options.faults;
    const { from, to } = options;
    from.on('data', (bytes: Buffer) => this.#read(bytes));
    from.on('end', () => this.#push('end'));
    to.on('drain', () => this.#unblock());
    this.set(options.faults);
  }

  /** Bytes read, and bytes damaged, so far. */
  get counts(): { readonly bytes: number; readonly flipped: number } {
    return { bytes: this.#offset, flipped: this.#flipped };
  }

  /** Other faults from here on. */
  set(faults: DirectionFaults): void {
    this.#faults = faults;
    this.#flipper.set(faults.flip, this.#offset);
    this.#regulate();
  }

  /** Nothing is read or written any more until it is released: the line is dead. */
  hold(held: boolean): void {
    this.#held = held;
    this.#regulate();
    this.#deliver();
  }

  /** Gives up what is under way. */
  destroy(): void {
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#queue = [];
  }

  #read(chunk: Uint8Array): void {
    if (this.#isOver || this.#isEnding) return; // swallowed
    const { truncateAfter = Infinity, resetAfter = Infinity } = this.#faults;
    const start = this.#offset;
    this.#offset += chunk.length;
    const limit = Math.min(truncateAfter, resetAfter);
    const kept = Uint8Array.from(chunk.subarray(0, Math.max(0, limit - start)));
    this.#flipped += this.#flipper.apply(kept, start);
    for (const piece of this.#cut(kept)) this.#push(piece);
    if (this.#offset >= limit) this.#push(truncateAfter <= resetAfter ? 'end' : 'reset');
  }

  #cut(bytes: Uint8Array): Uint8Array[] {
    const { bytesPerSecond } = this.#faults;
    if (bytesPerSecond === undefined) return bytes.length > 0 ? [bytes] : [];
    const size = Math.max(1, Math.floor((bytesPerSecond * PIECE_MS) / 1000));
    return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  }

  #push(bytes: Piece['bytes']): void {
    if (this.#isEnding) return;
    this.#isEnding = typeof bytes === 'string';
    const { latencyMs = 0, jitterMs = 0, bytesPerSecond } = this.#faults;
    const size = typeof bytes === 'string' ? 0 : bytes.length;
    const now = this.#options.clock.now();
    this.#lineFreeAt = Math.max(this.#lineFreeAt, now) + (bytesPerSecond === undefined ? 0 : (size / bytesPerSecond) * 1000);
    const delay = latencyMs + (jitterMs > 0 ? jitterMs * this.#options.draw() : 0);
    this.#lastDue = Math.max(this.#lastDue, this.#lineFreeAt + delay);
    this.#underWay += size;
    this.#queue.push({ due: this.#lastDue, bytes });
    this.#regulate();
    this.#deliver();
  }

  /** Reads, or lets the sender feel that nobody does. */
  #regulate(): void {
    const { from } = this.#options;
    const stops = this.#held || this.#faults.stopped === true || this.#underWay >= MAX_UNDER_WAY;
    if (stops) from.pause();
    else from.resume();
  }

  #unblock(): void {
    this.#isBlocked = false;
    this.#deliver();
  }

  /** Writes what is due and waits for the rest. */
  #deliver(): void {
    const { clock, to, reset } = this.#options;
    while (!this.#held && !this.#isBlocked && !this.#isOver) {
      const [piece] = this.#queue;
      if (piece === undefined) return;
      const wait = piece.due - clock.now();
      if (wait > 0) return this.#wait(wait);
      this.#queue.shift();
      if (piece.bytes === 'end') {
        to.end();
        continue;
      }
      if (piece.bytes === 'reset') return reset();
      this.#underWay -= piece.bytes.length;
      this.#isBlocked = to.writable && !to.write(piece.bytes);
      this.#regulate();
    }
  }

  #wait(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.#deliver());
  }
}
