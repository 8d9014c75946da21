/**
 * What commands that only look on have in common: they print as they go, and end quietly on Ctrl-C and when nobody reads them any more.
 */
import { EXIT } from '../exit-code.ts';
import { watchInterruption } from '../interruption.ts';
import type { CommandResult } from '../output.ts';

/**
 * Runs `body` until it ends or Ctrl-C ends it.
 * @param body resolves with the exit code of the command, default ok; must end soon after its signal aborts
 */
export async function lookOn(body: (signal: AbortSignal) => Promise<CommandResult['exitCode'] | void>): Promise<CommandResult> {
  const ending = new AbortController();
  const interruption = watchInterruption(() => process.exit(EXIT.lookedAway));
  let exitCode: CommandResult['exitCode'] | undefined;
  const end = (code: CommandResult['exitCode']): void => {
    exitCode ??= code;
    ending.abort();
  };
  void interruption.requested.then(() => end(EXIT.lookedAway));
  // The reader of a pipe has left, as `head` does.
  const onError = (error: NodeJS.ErrnoException): void => void (error.code === 'EPIPE' && end(EXIT.ok));
  process.stdout.on('error', onError);
  try {
    const ended = await body(ending.signal);
    return { data: {}, text: '', exitCode: exitCode ?? ended ?? EXIT.ok };
  } catch (error) {
    if (exitCode === undefined) throw error;
    return { data: {}, text: '', exitCode };
  } finally {
    process.stdout.off('error', onError);
    interruption.close();
  }
}
