/**
 * The live view on a terminal: events change the view at once, the screen follows at most ten times a second and at least once,
 * so that the time left keeps counting between two commits.
 */
import type { RunEvent } from '@geodesic/wire';
import type { BundleSummary } from '../build-bundle.ts';
import type { TextSink } from '../output.ts';
import { conditionLine } from './condition-lines.ts';
import { groupTable } from './group-table.ts';
import { liveLines } from './live-lines.ts';
import type { RunReporter } from './run-reporter.ts';
import { applyEvent, createRunView, type RunHeader, type RunView } from './run-view.ts';
import { Screen } from './screen.ts';
import { span } from './styled-text.ts';

const FRAME_MS = 100;

/** Draws a run in place on a terminal. */
export class LiveReporter implements RunReporter {
  readonly #screen: Screen;
  #view: RunView | undefined;
  #frame: NodeJS.Timeout | undefined;
  #isStale = true;

  constructor(out: TextSink, { colour }: { readonly colour: boolean }) {
    this.#screen = new Screen(out, { colour });
  }

  begin(header: RunHeader, summary?: BundleSummary): void {
    this.#view = createRunView(header);
    if (summary) this.#screen.printAbove(groupTable(summary));
    this.#draw();
    this.#frame = setInterval(() => this.#isStale && this.#draw(), FRAME_MS);
    this.#frame.unref();
  }

  event(event: RunEvent): void {
    if (this.#view === undefined) return;
    this.#view = applyEvent(this.#view, event, performance.now());
    this.#isStale = true;
    const line = conditionLine(event);
    if (line === undefined) return;
    this.#screen.printAbove([[span('  • ', 'accent'), span(line)]]);
    this.#draw();
  }

  notice(text: string): void {
    this.#screen.printAbove([[span('  ! ', 'bad'), span(text)]]);
    this.#draw();
  }

  close(): void {
    clearInterval(this.#frame);
    if (this.#view !== undefined) this.#draw();
    this.#screen.close();
    this.#view = undefined;
  }

  #draw(): void {
    if (this.#view === undefined) return;
    this.#screen.draw(liveLines(this.#view, { width: this.#screen.width }));
    this.#isStale = false;
  }
}
