/**
 * The compute thread: holds the parameters, applies updates, computes blocks. It runs under node:worker_threads, so that a long
 * computation never delays a heartbeat. One request at a time; results are transferred, not copied.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Contribution, SlotComputer } from '@geodesic/cluster';
import type { ComputeFault, ComputeMessage, ComputeReply, ComputeThreadData } from './compute-messages.ts';

/** What the program module provides. */
interface SlotProgramModule {
  readonly createSlotComputer: (bundle: Uint8Array) => Promise<SlotComputer>;
}

function reply(message: ComputeReply, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function failure(error: unknown): ComputeReply {
  const message = error instanceof Error ? error.message : String(error);
  return { type: 'failed', message, fault: faultOf(error) };
}

/** By name: the program module may bring modules of its own. */
function faultOf(error: unknown): ComputeFault {
  const name = error instanceof Error ? error.name : '';
  if (name === 'ProgramFailure') return 'program';
  return name === 'ExecutorError' ? 'executor' : 'defect';
}

/** How often a computation says how far it is, at most, ms. */
const PROGRESS_MS = 100;

/** Set when the thread is to end: a thread that is ended in a native call brings its process down. */
let isEnding = false;

/** Says how many slots are done, now and then: a heartbeat with it shows that a long block is not a hung one. @throws when nobody wants more */
function progressReporter(): (slots: number) => void {
  let [unsaid, last] = [0, performance.now()];
  return (slots) => {
    if (isEnding) throw new Error('compute: the thread is to end');
    unsaid += slots;
    if (performance.now() - last < PROGRESS_MS) return;
    reply({ type: 'progress', slots: unsaid });
    [unsaid, last] = [0, performance.now()];
  };
}

/** Arrays that fill their buffer, which can then be given away. */
function detachable(contribution: Contribution): { message: Contribution; transfer: ArrayBuffer[] } {
  const { scalars, sums } = contribution;
  const message = {
    ...contribution,
    scalars: scalars.byteLength === scalars.buffer.byteLength ? scalars : scalars.slice(),
    sums: sums.byteLength === sums.buffer.byteLength ? sums : sums.slice(),
  };
  return { message, transfer: [message.scalars.buffer as ArrayBuffer, message.sums.buffer as ArrayBuffer] };
}

/** Serves requests in order: an update never overtakes a computation that was asked for before it. */
class RequestQueue {
  readonly #computer: SlotComputer;
  #version = -1;
  #last: Promise<void> = Promise.resolve();

  constructor(computer: SlotComputer) {
    this.#computer = computer;
  }

  take(message: ComputeMessage): void {
    if (message.type === 'end') {
      isEnding = true;
      void this.#last.then(() => process.exit()); // ends this thread, not the process
      return;
    }
    this.#last = this.#last.then(() => this.#serve(message)).catch((error: unknown) => reply(failure(error)));
  }

  async #serve(message: Exclude<ComputeMessage, { type: 'end' }>): Promise<void> {
    if (isEnding) return;
    switch (message.type) {
      case 'load':
        this.#version = message.version;
        reply({ type: 'holds', checksum: this.#computer.load(message.snapshot) });
        break;
      case 'apply':
        this.#version = message.version;
        reply({ type: 'holds', checksum: this.#computer.apply(message.update) });
        break;
      case 'hold':
        this.#computer.hold(message.digest, message.vector);
        break;
      case 'release':
        this.#computer.release(message.digest);
        break;
      case 'compute': {
        const { request, version } = message;
        if (version !== this.#version) {
          reply({ type: 'skipped', block: request.block });
          return;
        }
        const { message: contribution, transfer } = detachable(await this.#computer.compute(request, progressReporter()));
        reply({ type: 'computed', contribution }, transfer);
        break;
      }
    }
  }
}

const { bundle, program } = workerData as ComputeThreadData;
try {
  const { createSlotComputer } = (await import(program)) as SlotProgramModule;
  const computer = await createSlotComputer(bundle);
  const queue = new RequestQueue(computer);
  parentPort?.on('message', (message: ComputeMessage) => queue.take(message));
  reply({ type: 'ready', fingerprint: computer.fingerprint });
} catch (error) {
  reply(failure(error));
}
