import { describe, expect, it } from 'vitest';
import { type GroupMember, namesMatching, resolveGroups } from '../src/index.ts';

const MEMBERS: readonly GroupMember[] = ['stem', 'block1/scale/hidden', 'block1/scale/output', 'head'].flatMap((layer) => [
  { name: `${layer}/weight`, layer },
  { name: `${layer}/bias`, layer },
]);
const LONE: GroupMember = { name: 'block1/actnorm/shift' };

describe('resolveGroups', () => {
  it('gives every parameter to the first group that matches it or its layer', () => {
    const groups = [
      { name: 'ends', match: ['stem', 'head'] },
      { name: 'dense', match: ['block*/scale/*'] },
      { name: 'rest', match: ['**'] },
    ];
    expect(resolveGroups(groups, [...MEMBERS, LONE])).toEqual([
      { name: 'ends', parameters: ['stem/weight', 'stem/bias', 'head/weight', 'head/bias'], layers: ['stem', 'head'] },
      {
        name: 'dense',
        parameters: ['block1/scale/hidden/weight', 'block1/scale/hidden/bias', 'block1/scale/output/weight', 'block1/scale/output/bias'],
        layers: ['block1/scale/hidden', 'block1/scale/output'],
      },
      { name: 'rest', parameters: ['block1/actnorm/shift'], layers: [] },
    ]);
  });

  it('keeps * within one segment of a name', () => {
    expect(() => resolveGroups([{ name: 'all', match: ['*'] }], MEMBERS.slice(2))).toThrow(
      'resolveGroups: expected a group for parameter block1/scale/hidden/weight, got none among all (add a group that matches "block1/scale/hidden", or end with one that matches "**")',
    );
  });

  it('refuses a glob that matches nothing and suggests the nearest name', () => {
    expect(() => resolveGroups([{ name: 'ends', match: ['stm'] }], MEMBERS)).toThrow(
      'resolveGroups: expected "stm" of group ends to match a layer or parameter, got no match (did you mean "stem"?)',
    );
  });

  it('refuses a group that earlier groups leave empty', () => {
    const groups = [
      { name: 'all', match: ['**'] },
      { name: 'late', match: ['head'] },
    ];
    expect(() => resolveGroups(groups, MEMBERS)).toThrow(
      'resolveGroups: expected group late to hold a parameter, got none (earlier groups matched all of its names)',
    );
  });
});

describe('namesMatching', () => {
  const place = { group: 'all', field: 'undampedInputs' };

  it('keeps the order of the names, each once', () => {
    expect(namesMatching(['dense*', '*1'], ['conv1', 'dense2', 'dense1', 'head'], place)).toEqual(['conv1', 'dense2', 'dense1']);
    expect(namesMatching([], ['conv1'], place)).toEqual([]);
  });

  it('names the group, the option and the glob that matches nothing', () => {
    expect(() => namesMatching(['dense9'], ['dense1', 'head'], place)).toThrow(
      'undampedInputs of group all: expected "dense9" to match a name, got no match (did you mean "dense1"?)',
    );
  });
});
