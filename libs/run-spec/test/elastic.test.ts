/** Keys for how a run lives: which checkpoints stay, what a relaxed run gives up, how the cluster deals with late and corrupt workers. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { digestRunSpec, freezeRunSpec, parseRunSpec, RunSpecError, type RunSpec } from '../src/index.ts';
import { MINIMAL_NDM, someGroups } from './specs.ts';

const validated = MINIMAL_NDM.replace('source: digits', 'source: digits, validation: 0.1');

function parse(more: string, text = validated): RunSpec {
  return parseRunSpec(`${text}${more}\n`, { format: 'yaml', source: 'run.yaml' });
}

/** The message with which a spec is refused. */
function refusal(more: string, text = validated): string {
  try {
    parse(more, text);
  } catch (error) {
    if (error instanceof RunSpecError) return error.message;
    throw error;
  }
  throw new Error('expected a RunSpecError, got a valid spec');
}

describe('checkpoint.keep', () => {
  it('keeps what its rules say', () => {
    expect(parse('checkpoint: {every: 20, keep: {last: 3, every: 100, best: 2}}').checkpoint).toEqual({
      every: 20,
      keep: { last: 3, every: 100, best: 2 },
    });
  });

  it.each([
    ['checkpoint: {keep: {last: 0}}', 'checkpoint.keep.last: expected an integer >= 1, got 0'],
    ['checkpoint: {keep: {newest: 1}}', 'checkpoint.keep.newest: expected one of last, every, best, got the unknown key "newest"'],
    [
      'checkpoint: {keep: {best: 1}}\nevaluate: {every: 0}',
      'checkpoint.keep.best: expected an evaluation at every checkpoint (checkpoint.every 50), got evaluate.every 0 (let evaluate.every divide checkpoint.every',
    ],
    [
      'checkpoint: {every: 25, keep: {best: 1}}',
      'checkpoint.keep.best: expected an evaluation at every checkpoint (checkpoint.every 25), got evaluate.every 10 (let evaluate.every divide checkpoint.every',
    ],
  ])('refuses %s', (more, message) => {
    expect(refusal(more)).toContain(message);
  });

  it('cannot tell the best without validation data', () => {
    expect(refusal('checkpoint: {keep: {best: 1}}', MINIMAL_NDM)).toContain(
      'checkpoint.keep.best: expected validation data to tell the best by, got data.validation 0 (set data.validation: 0.1',
    );
  });
});

describe('exactness', () => {
  it('takes a quorum under relaxed only', () => {
    expect(parse('exactness: relaxed\nrelaxed: {quorum: 0.75}').relaxed).toEqual({ quorum: 0.75 });
    expect(parse('exactness: relaxed')).not.toHaveProperty('relaxed');
    expect(refusal('relaxed: {quorum: 0.75}')).toContain(
      'relaxed: expected no such section under exactness: exact, got a mapping (add exactness: relaxed, which gives equal bits up, or remove the section',
    );
    expect(refusal('exactness: relaxed\nrelaxed: {quorum: 0}')).toContain('relaxed.quorum: expected a number > 0 and <= 1, got 0');
  });

  it.each(['stale', 'local'])('says that %s comes later', (mode) => {
    expect(refusal(`exactness: ${mode}`)).toBe(
      `run.yaml: exactness: expected one of exact, relaxed; ${mode} comes later, got "${mode}" (line 7, column 1)`,
    );
    expect(refusal(`exactness: ${mode}\nrelaxed: {quorum: 0.75}`)).not.toContain('relaxed: expected');
  });

  it('still knows a typo', () => {
    expect(refusal('exactness: exakt')).toContain('expected one of exact, relaxed, got "exakt" (did you mean "exact"?');
  });
});

describe('cluster', () => {
  it('has keys for corrupt and late workers and for the journal', () => {
    const { cluster } = parse('cluster: {quarantineMs: 500, backup: false, journal: false}');
    expect(cluster).toMatchObject({ quarantineMs: 500, backup: false, journal: false });
    expect(refusal('cluster: {backup: 1}')).toContain('cluster.backup: expected true or false, got 1');
  });
});

describe('the digest', () => {
  function digest(overrides: readonly string[] = []): string {
    return digestRunSpec(freezeRunSpec(parseRunSpec(validated, { format: 'yaml', overrides, defaultGroups: someGroups })));
  }

  // Of the version before these keys: an exact run has the digest that it always had. Change it only with the example's meaning.
  it('of an example is what it was', () => {
    const text = readFileSync(new URL('../../../examples/digits-ndm.yaml', import.meta.url), 'utf8');
    expect(digestRunSpec(freezeRunSpec(parseRunSpec(text, { format: 'yaml' })))).toBe(
      'sha256:fc69c56c13b483c70611e48bfdbd663246aa5f3a03f7eda1410567305c594288',
    );
  });

  it('does not see what decides no bits, and sees a quorum', () => {
    expect(digest(['checkpoint.keep.last=2', 'cluster.quarantineMs=200', 'cluster.backup=false', 'cluster.journal=false'])).toBe(digest());
    expect(digest(['checkpoint.every=10'])).not.toBe(digest());
    const relaxed = digest(['exactness=relaxed']);
    expect(digest(['exactness=relaxed', 'relaxed.quorum=0.5'])).not.toBe(relaxed);
  });
});
