/**
 * One question to a thread of its own, for long computations (Ctrl-C must be heard meanwhile) and for code of users, which runs in
 * such a thread and nowhere else. Errors lose their class on the way between threads, so their fields travel.
 */
import { parentPort, Worker } from 'node:worker_threads';
import { CliError, toCliError, type CliErrorFields } from './errors.ts';
import { asSpecError } from './load-spec.ts';

/** What a thread answers, once. */
type ThreadAnswer<T> = { readonly answer: T } | { readonly failure: CliErrorFields; readonly stack: string };

/**
 * Starts a module beside this one as a thread and waits for its answer.
 *
 * @param signal ends the thread; the promise then rejects with the signal's reason
 * @throws {CliError} what the thread threw
 */
export async function askThread<T>(module: string, request: object, signal: AbortSignal): Promise<T> {
  const thread = new Worker(new URL(module, import.meta.url), { workerData: request });
  const onAbort = (): void => void thread.terminate();
  signal.addEventListener('abort', onAbort);
  try {
    const answer = await new Promise<ThreadAnswer<T>>((answered, failed) => {
      thread.once('message', answered).once('error', failed);
      thread.once('exit', (code) =>
        failed(signal.aborted ? signal.reason : new Error(`${module}: expected an answer, got exit code ${code}`)),
      );
    });
    if ('answer' in answer) return answer.answer;
    throw new CliError({ ...answer.failure, cause: Object.assign(new Error(answer.failure.message), { stack: answer.stack }) });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Runs `body` and sends what it returns or throws to the thread that asked. */
export async function answerFromThread<T>(specPath: string, body: () => Promise<T>): Promise<void> {
  parentPort?.postMessage(await answerOf(specPath, body));
}

async function answerOf<T>(specPath: string, body: () => Promise<T>): Promise<ThreadAnswer<T>> {
  try {
    return { answer: await body() };
  } catch (error) {
    const { code, message, hint, exitCode, stack = '' } = toCliError(asSpecError(specPath, error));
    return { failure: { code, message, hint, exitCode }, stack };
  }
}
