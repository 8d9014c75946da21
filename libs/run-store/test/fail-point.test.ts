import { describe, expect, it } from 'vitest';
import { FailPoint } from '../src/index.ts';

/** The visits, 1-based, at which a setting ends the process. */
function crashesAt(setting: string | undefined, visits: readonly string[]): number[] {
  const crashes: number[] = [];
  let visit = 0;
  const failPoint = new FailPoint(setting, () => crashes.push(visit));
  for (const name of visits) {
    visit++;
    failPoint.reach(name);
  }
  return crashes;
}

describe('FailPoint', () => {
  it.each([
    ['before-append', ['after-append', 'before-append', 'before-append'], [2]],
    ['before-append:2', ['before-append', 'after-append', 'before-append', 'before-append'], [3]],
    ['worker:after-compute', ['after-compute', 'worker:after-compute'], [2]],
    ['worker:after-compute:2', ['worker:after-compute', 'worker:after-compute'], [2]],
    ['', ['before-append'], []],
    [undefined, ['before-append'], []],
  ])('%s', (setting, visits, expected) => {
    expect(crashesAt(setting, visits)).toEqual(expected);
  });
});
