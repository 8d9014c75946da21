/** What a test starts and the end of the test stops. */
import { onTestFinished } from 'vitest';

/** Waits for it to have started, and has it stopped when the test is over, however it ends. */
export async function untilFinished<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  onTestFinished(() => started.stop());
  return started;
}
