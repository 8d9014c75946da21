import { describe, expect, it } from 'vitest';
import { type Point, renderRunPicture, type RunSeries } from '../src/index.ts';

/** A curve of `steps` steps. */
function curve(steps: number, value: (step: number) => number): readonly Point[] {
  return Array.from({ length: steps }, (_, index) => ({ step: index + 1, value: value(index + 1) }));
}

const SERIES: RunSeries = {
  trainLoss: curve(150, (step) => 0.02 + 2.3 * Math.exp(-step / 14)),
  validationLoss: curve(15, (step) => 0.07 + 2 / step).map(({ step, value }) => ({ step: 10 * step, value })),
  testLoss: [{ step: 150, value: 0.081 }],
  trainAccuracy: curve(150, (step) => 1 - 0.9 * Math.exp(-step / 9)),
  testAccuracy: [{ step: 150, value: 0.978 }],
  damping: curve(150, () => 0.01),
  learningRate: curve(150, (step) => 0.05 * (1 + Math.cos((Math.PI * step) / 150))),
  volume: curve(150, (step) => 0.4 * Math.exp(-step / 50)),
};
const META = { name: 'digits-ndm', subtitle: 'ndm-classifier', facts: [{ label: 'test accuracy', value: '97.8 %' }] };

/** The text of every element, tags removed. */
function wordsOf(svg: string): string {
  return svg
    .replace(/<style>.*<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
}

/** Whether every tag of a document is closed in order. */
function isBalanced(svg: string): boolean {
  const open: string[] = [];
  for (const [, closing, name, selfClosing] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) return false;
    } else if (selfClosing === '') open.push(name);
  }
  return open.length === 0;
}

describe('renderRunPicture', () => {
  it('shows name, final numbers, four panels and a legend with the latest values', () => {
    const words = wordsOf(renderRunPicture(SERIES, META));
    for (const part of [
      'digits-ndm',
      'ndm-classifier',
      '97.8 % test accuracy',
      'Loss',
      'Accuracy',
      'Damping and learning rate',
      'Volume distortion',
    ]) {
      expect(words).toContain(part);
    }
    expect(words).toContain('● train 0.0201 ● validation 0.203 ● test 0.0810');
    expect(words).toContain('● damping 0.0100 ● learning rate 0');
  });

  it('is well formed, self-contained and has no scripts, whatever the run is called', () => {
    const svg = renderRunPicture(SERIES, { ...META, name: '<script>alert("&")</script>\u0000' });
    expect(isBalanced(svg)).toBe(true);
    expect(svg).toContain('&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;</text>');
    expect(svg).not.toMatch(/<script|href|url\(|@import|\son\w+=/);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("follows the reader's light or dark system", () => {
    expect(renderRunPicture(SERIES, META)).toContain('@media(prefers-color-scheme:dark){');
  });

  it('draws the same bytes for the same run', () => {
    expect(renderRunPicture(structuredClone(SERIES), META)).toBe(renderRunPicture(SERIES, META));
  });

  it('shows the update norm where there is no volume, and says when nothing was recorded', () => {
    const words = wordsOf(renderRunPicture({ updateNorm: curve(5, (step) => step) }, { name: 'mlp' }));
    expect(words).toContain('Update norm ● update 5.00');
    expect(words).not.toContain('Volume');
    expect(words.match(/not recorded/g)).toHaveLength(3);
    expect(isBalanced(renderRunPicture({}, { name: 'empty' }))).toBe(true);
  });

  it('stays small for a long run', () => {
    const long = { trainLoss: curve(200_000, (step) => 1 / step + 0.001 * Math.sin(step)) };
    expect(renderRunPicture(long, META).length).toBeLessThan(40_000);
  });
});
