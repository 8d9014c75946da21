/**
 * How a run is shown while it goes on: live on a terminal, in plain lines when piped, as JSON lines, or not at all.
 */
import type { RunEvent } from '@geodesic/wire';
import type { BundleSummary } from '../build-bundle.ts';
import type { CommandIo, OutputFormat } from '../output.ts';
import { LiveReporter } from './live-reporter.ts';
import { PlainReporter } from './plain-reporter.ts';
import type { RunHeader } from './run-view.ts';
import { wantsColour } from './screen.ts';

/** Told everything that happens in a run, in order. */
export interface RunReporter {
  /** The run is about to begin; the summary is that of a bundle that was built just now. */
  begin(header: RunHeader, summary?: BundleSummary): void;
  event(event: RunEvent): void;
  /** Something that the person should know and that is no event of the run, such as a worker that was started again. */
  notice(text: string): void;
  /** Nothing more comes; gives the terminal back. Harmless when repeated. */
  close(): void;
}

/** The reporter for an output format on these streams. */
export function createRunReporter(format: OutputFormat, { stdout, stderr, env }: CommandIo): RunReporter {
  const notice = (text: string): void => void stderr.write(`geo: ${text}\n`);
  const silent: RunReporter = { begin() {}, event() {}, notice, close() {} };
  switch (format) {
    case 'json':
      return silent;
    case 'jsonl':
      return { ...silent, event: (event) => void stdout.write(`${JSON.stringify(event)}\n`) };
    case 'text': {
      const isLive = stdout.isTTY === true && env['TERM'] !== 'dumb';
      return isLive ? new LiveReporter(stdout, { colour: wantsColour(stdout, env) }) : new PlainReporter(stdout, stderr);
    }
  }
}
