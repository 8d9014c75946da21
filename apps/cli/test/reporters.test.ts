/** The reporters of a run: what goes to which stream in which format, and that the terminal is given back. */
import { describe, expect, it } from 'vitest';
import type { CommandIo, OutputFormat, TextSink } from '../src/output.ts';
import { lineFor } from '../src/view/plain-reporter.ts';
import { createRunReporter } from '../src/view/run-reporter.ts';
import { applyEvent, createRunView } from '../src/view/run-view.ts';
import { wantsColour } from '../src/view/screen.ts';
import { commit, event, header, opening, summary } from './events.ts';

const ESCAPE = '\x1b';
const ACCENT = `${ESCAPE}[36m`;

class Recorder implements TextSink {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows = 24;
  constructor({ isTTY = false, columns = 80 } = {}) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(text: string): void {
    this.text += text;
  }
}

function report(
  format: OutputFormat,
  { isTTY = false, env = {} }: { isTTY?: boolean; env?: CommandIo['env'] } = {},
): { out: string; err: string } {
  const [stdout, stderr] = [new Recorder({ isTTY }), new Recorder()];
  const reporter = createRunReporter(format, { stdout, stderr, env });
  reporter.begin(header, summary);
  for (const next of [...opening, ...Array.from({ length: 150 }, (_, i) => commit(i + 1, 1 / (i + 1)))]) reporter.event(next);
  reporter.event(event('evaluation', { step: 150, split: 'test', loss: 0.11, accuracy: 0.98 }));
  reporter.notice('worker-2 ended (killed by SIGKILL); started again (1 of 3)');
  reporter.close();
  reporter.close();
  return { out: stdout.text, err: stderr.text };
}

describe('createRunReporter', () => {
  it('writes plain lines without terminal codes into a pipe', () => {
    const { out, err } = report('text');
    expect(out).not.toContain('\x1b');
    expect(out).toContain('digits-ndm: 150 steps of 512 examples, seed 1');
    expect(out).toMatch(/ends +kfac +2 +2,410/);
    expect(out).toContain('run run-1 in /runs/run-1');
    expect(out).toContain('step 150/150  test loss 0.11  test accuracy 98.0 %');
    expect(out.split('\n').filter((line) => line.startsWith('step ')).length).toBeLessThan(30);
    expect(err).toContain('geo: worker-2 ended');
  });

  it('lists the curvature of every layer before the run starts', () => {
    const { out } = report('text');
    expect(out).toMatch(/layer +group +kind +matrix +curvature +source +statistics/);
    expect(out).toMatch(/stem +ends +dense +\[65 x 32\] +kronecker +sampled +10 KiB/);
    expect(out).toMatch(/head +ends +dense +\[33 x 10\] +kronecker +sampled +2.4 KiB/);
  });

  it('writes a line for a rejected step, and for refreshes as often as for progress or when one failed', () => {
    const view = applyEvent(createRunView(header), commit(40, 1), 0);
    const layers = [
      { layer: 'stem', conditionA: 1200, conditionS: 5, kept: 0 },
      { layer: 'head', conditionA: 30, conditionS: null, kept: 0 },
    ];
    const rejected = event('step.rejected', {
      step: 41,
      attempt: 1,
      phase: 'trial',
      reason: 'the objective rose from 2.1 to 2.4',
      damping: 4,
    });
    expect(lineFor(rejected, view)).toBe('step  41/150  attempt 2 rejected: the objective rose from 2.1 to 2.4; damping 4');
    const left = event('evaluation.failed', { step: 40, attempt: 0, phase: 'eval/validation', worker: 'w-1', reason: 'Log makes NaN' });
    expect(lineFor(left, view)).toBe('step  40/150  no evaluation (w-1: Log makes NaN)');
    const failed = event('step.rejected', { ...rejected.data, reason: 'NaN', failure: { worker: 'w-2', reason: 'Log near layer stem' } });
    expect(lineFor(failed, view)).toBe('step  41/150  attempt 2 rejected: NaN (w-2: Log near layer stem); damping 4');
    expect(lineFor(event('curvature.refreshed', { step: 40, layers }), view)).toBe(
      'step  40/150  curvature of 2 layers refreshed, worst condition 1200 (stem)',
    );
    expect(lineFor(event('curvature.refreshed', { step: 41, layers }), view)).toBeUndefined();
    expect(lineFor(event('curvature.refreshed', { step: 41, layers: [{ ...layers[0], kept: 2 }] }), view)).toBe(
      'step  41/150  curvature of 1 layer refreshed, worst condition 1200 (stem), old inverses kept for stem',
    );
    const searched = event('step.committed', {
      step: 40,
      measurements: { trainLoss: 1, attempts: 1, damping: 0.3, learningRate: 0.9, momentum: 0.2 },
    });
    expect(lineFor(searched, applyEvent(view, searched, 0))).toBe('step  40/150  loss 1  damping 0.3  step size 0.9  momentum 0.2');
  });

  it('draws in place on a terminal and gives the cursor back', () => {
    const { out } = report('text', { isTTY: true });
    expect(out).toContain('\x1b[?25l');
    expect(out.trimEnd().endsWith('\x1b[?25h')).toBe(true);
    expect(out).toContain(`${ESCAPE}[8A\r`);
    expect(out).toContain('150/150 steps');
    expect(out).toContain('worker-2 ended');
  });

  it('uses no colours on a terminal when NO_COLOR is set', () => {
    expect(report('text', { isTTY: true, env: { NO_COLOR: '1' } }).out).not.toContain(ACCENT);
    expect(report('text', { isTTY: true }).out).toContain(ACCENT);
  });

  it('writes plain lines on a dumb terminal', () => {
    expect(report('text', { isTTY: true, env: { TERM: 'dumb' } }).out).not.toContain('\x1b');
  });

  it('writes one event a line as jsonl', () => {
    const lines = report('jsonl').out.trimEnd().split('\n');
    expect(lines).toHaveLength(opening.length + 151);
    expect(JSON.parse(lines[0])).toMatchObject({ type: 'run.accepted', data: { runId: 'run-1' } });
  });

  it('leaves stdout to the envelope as json', () => {
    expect(report('json').out).toBe('');
  });
});

describe('wantsColour', () => {
  it('takes an empty NO_COLOR for none', () => {
    expect(wantsColour(new Recorder({ isTTY: true }), { NO_COLOR: '' })).toBe(true);
    expect(wantsColour(new Recorder(), {})).toBe(false);
  });
});
