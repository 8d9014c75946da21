/**
 * A peer: one long-lived process, asked by JSON lines and answering by JSON lines. It computes only between a question and its answer,
 * so that peer and ours take turns on one machine.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Starts a peer; `name` stands in errors, `env` is added to the environment. */
export function startPeer({ name, command, args, env = {} }) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const closed = once(child, 'close');
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** Sends one request and waits for its answer. */
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${name} peer: expected an answer to ${request.command}, got the end of its output (its error is above)`);
      return JSON.parse(value);
    },
    /** Ends the process and waits for it. */
    async close() {
      child.stdin.end();
      await closed;
    },
  };
}
