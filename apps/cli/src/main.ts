/**
 * `geo`: the process around the program. Everything else is in program.ts.
 */
import { runProgram } from './program.ts';

// A reader that closes the pipe early, such as `head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), process);
