/**
 * Ctrl-C and SIGTERM: the first asks for an orderly stop, a second one kills at once. Signals that arrive within a moment of each other count
 * as one, since npm and the terminal may both deliver the same key press.
 */

const SAME_KEY_PRESS_MS = 400;
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Watches for signals until it is closed. */
export interface Interruption {
  /** Resolves with the first signal. */
  readonly requested: Promise<NodeJS.Signals>;
  /** Gives the signals their default meaning back. */
  close(): void;
}

/** Starts watching; `onSecond` must not wait for anything. */
export function watchInterruption(onSecond: () => void): Interruption {
  let firstMs: number | undefined;
  let request: (signal: NodeJS.Signals) => void = () => undefined;
  const requested = new Promise<NodeJS.Signals>((settle) => (request = settle));
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (firstMs === undefined) {
      firstMs = nowMs;
      request(signal);
    } else if (nowMs - firstMs > SAME_KEY_PRESS_MS) onSecond();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return { requested, close: () => SIGNALS.forEach((signal) => void process.off(signal, onSignal)) };
}
