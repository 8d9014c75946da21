/** How options of the command line are read. */
import { describe, expect, it } from 'vitest';
import { duration, integer, stepRange, stepReference } from '../src/program/options.ts';

describe('duration', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
  ])('reads %s', (text, ms) => expect(duration(text)).toBe(ms));

  it.each(['5', '0s', 's', '-1s', '5 s', '1d'])('refuses %s', (text) => expect(() => duration(text)).toThrow('Expected a duration'));
});

describe('stepReference', () => {
  it('reads step:N and nothing else', () => {
    expect(stepReference('step:50')).toBe(50);
    for (const text of ['50', 'step:', 'step:-1', 'epoch:3']) expect(() => stepReference(text)).toThrow('Expected step:N');
  });
});

describe('stepRange', () => {
  it('reads a range and a single step', () => {
    expect(stepRange('20..30')).toEqual({ first: 20, last: 30 });
    expect(stepRange('7')).toEqual({ first: 7, last: 7 });
  });

  it.each(['0..3', '5..4', '..', 'a..b', '3..'])('refuses %s', (text) => expect(() => stepRange(text)).toThrow('Expected steps a..b'));
});

describe('integer', () => {
  it('names its range', () => {
    expect(integer({ minimum: 1 })('3')).toBe(3);
    expect(() => integer({ minimum: 1, maximum: 9 })('10')).toThrow("Expected a whole number from 1 to 9, got '10'.");
  });
});
