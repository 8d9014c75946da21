import { describe, expect, it } from 'vitest';
import {
  commitSubject,
  eventSubject,
  eventSubjects,
  isClusterName,
  objectRequestSubject,
  partOfSubject,
  partSubject,
  partSubjects,
  pointerSubject,
  runOfCommitSubject,
  runOfEventSubject,
} from '../src/index.ts';

const hex = 'ab'.repeat(32);

describe('subjects', () => {
  it('name the cluster, the run and the type', () => {
    expect(eventSubject('main', 'r1', 'step.committed')).toBe('gd.ev.main.r1.step.committed');
    expect(runOfEventSubject('gd.ev.main.r1.step.committed')).toBe('r1');
    expect(commitSubject('main', 'r1')).toBe('gd.cm.main.r1');
    expect(runOfCommitSubject('gd.cm.main.r1')).toBe('r1');
    expect(objectRequestSubject('main', 'r1')).toBe('gd.rq.main.r1.object');
  });

  it('cover all runs, one run or one type', () => {
    expect(eventSubjects({ cluster: 'main' })).toBe('gd.ev.main.*.>');
    expect(eventSubjects({ cluster: 'main', run: 'r1' })).toBe('gd.ev.main.r1.>');
    expect(eventSubjects({ cluster: 'main', run: 'r1', type: 'alert' })).toBe('gd.ev.main.r1.alert');
    expect(partSubjects('main', 'r1')).toBe('gd.ob.main.r1.*.*');
  });

  it('say which part of which object they are, and nothing of the pointer', () => {
    expect(partOfSubject(partSubject('main', 'r1', hex, 12))).toEqual({ hex, part: 12 });
    for (const other of [pointerSubject('main', 'r1'), `gd.ob.main.r1.${hex}.01`, `gd.ob.main.r1.${hex}`, 'gd.ev.main.r1.step.committed'])
      expect(partOfSubject(other)).toBeUndefined();
  });

  it('refuse a run or a type that would reach others', () => {
    for (const run of ['', '*', '>', 'a.b', 'a b', 'x'.repeat(65)])
      expect(() => eventSubject('main', run, 'alert')).toThrow(expect.objectContaining({ code: 'OPTIONS' }));
    for (const type of ['', '*', 'step.>', 'step..committed', 'Step'])
      expect(() => eventSubject('main', 'r1', type)).toThrow(/type of an event/);
  });

  it('know names of clusters', () => {
    expect(['main', 'a-1', 'x'.repeat(40)].map(isClusterName)).toEqual([true, true, true]);
    expect(['', 'Main', 'a.b', '*', 'x'.repeat(41)].map(isClusterName)).toEqual([false, false, false, false, false]);
  });
});
