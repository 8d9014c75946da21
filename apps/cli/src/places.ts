/**
 * Checks what a run needs from its surroundings before anything is started: a folder that can be written, a port that is free.
 */
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { makeFolder } from '@geodesic/checkpoint';
import { CliError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** Makes the folder and writes a file in it, which is the only sure test. @throws {CliError} RUNS_FOLDER, exit code 2 */
export async function ensureWritableFolder(folder: string, flag: '--runs' | '--to' = '--runs'): Promise<void> {
  const probe = join(folder, `.geo-probe-${process.pid}`);
  try {
    await makeFolder(resolve(folder));
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const got = (error as NodeJS.ErrnoException).code ?? String(error);
    const message = `${flag} ${folder}: expected a folder that can be written, got ${got}`;
    throw new CliError({ code: 'RUNS_FOLDER', message, hint: `name another folder with ${flag} DIR`, exitCode: EXIT.usage, cause: error });
  }
}

/** Listens on a loopback port for a moment; 0 stands for any. @throws {CliError} PORT_IN_USE, exit code 3 */
export async function ensureFreePort(port: number): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((listening, failed) =>
      server.once('error', failed).listen({ port, host: '127.0.0.1', exclusive: true }, listening),
    );
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const got = reason === 'EADDRINUSE' ? 'a port in use' : reason;
    const message = `--port ${port}: expected a free port on 127.0.0.1, got ${got}`;
    throw new CliError({
      code: 'PORT_IN_USE',
      message,
      hint: 'leave --port out to take a free one',
      exitCode: EXIT.unreachable,
      cause: error,
    });
  }
  await new Promise((closed) => server.close(closed));
}
