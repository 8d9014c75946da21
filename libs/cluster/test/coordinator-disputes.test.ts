import { beforeEach, describe, expect, it } from 'vitest';
import { rootBlock } from '../src/index.ts';
import type { Contribution } from '../src/index.ts';
import { brief, CoordinatorDriver } from './coordinator-driver.ts';
import { bitsOf, blockContribution, definition } from './fixtures.ts';

const left = { level: 2, index: 0 };
const right = { level: 2, index: 1 };
/** Finite, and wrong in one bit. */
const flip = ({ sums }: Contribution): void => void (new Int32Array(sums.buffer, sums.byteOffset)[1] ^= 1);

let driver: CoordinatorDriver;

beforeEach(() => {
  driver = new CoordinatorDriver({ workers: ['a', 'b', 'c'] });
  driver.begin();
});

describe('CoordinatorMachine: two results for one block', () => {
  it('takes the second for a duplicate when they agree', () => {
    driver.contribute('a', left);
    expect(driver.contribute('b', left)).toEqual(['duplicate']);
  });

  it('compares what the transport has computed already, where it has', () => {
    const offer = (worker: string, crc: number): string[] => {
      const contribution = blockContribution(11, left);
      const crcs = Uint32Array.of(crc);
      return brief(driver.handle({ type: 'contribution', worker, incarnation: worker, round: driver.plan, contribution, crcs }));
    };
    expect([offer('a', 1), offer('b', 1)]).toEqual([['accepted'], ['duplicate']]);
    expect(offer('b', 2)).toContain('dispute a b');
  });

  it('starts the round again when they differ, and asks a third worker for exactly that block first', () => {
    driver.contribute('a', left);
    expect(driver.contribute('b', left, flip)).toEqual(['stale', 'dispute a b', 'assign c 0,1,2,3,4,5,6,7']);
    expect(driver.machine.round?.step).toBe(1);
  });

  it('quarantines the odd one when the third result decides, and ends with the right bits', () => {
    driver.contribute('a', left, flip);
    driver.contribute('b', left);
    const decided = driver.contribute('c', left);
    expect(decided).toEqual(['accepted', 'dispute a c resolved', 'quarantine a 10000', 'evict a']);
    const actions = driver.handle({
      type: 'contribution',
      worker: 'c',
      incarnation: 'c',
      round: driver.plan,
      contribution: blockContribution(11, right),
    });
    const complete = actions.find((action) => action.type === 'round-complete');
    expect(complete && bitsOf(complete.total)).toBe(bitsOf(definition(11, rootBlock(8))));
    expect(complete?.coverage.map(({ worker }) => worker)).toEqual(['c', 'c']);
  });

  it('counts nothing of the two meanwhile, and no other cut of the block', () => {
    driver.contribute('a', left, flip);
    driver.contribute('b', left);
    expect(driver.contribute('a', right)).toEqual(['stale']);
    expect(driver.contribute('c', rootBlock(8))).toEqual(['overlap', 'assign c 0,1,2,3,4,5,6,7']);
  });

  it('asks a fourth worker when the third says something else again', () => {
    driver.join('d');
    driver.contribute('a', left, flip);
    driver.contribute('b', left);
    expect(driver.contribute('c', left, ({ sums }) => void (sums[0] += 1))).toEqual(['stale', 'dispute a c', 'assign d 0,1,2,3,4,5,6,7']);
    const decided = driver.contribute('d', left);
    expect(decided.filter((action) => action.startsWith('quarantine'))).toEqual(['quarantine a 10000', 'quarantine c 10000']);
  });

  it('quarantines both without a third worker, and believes whoever comes next', () => {
    driver.leave('c');
    driver.contribute('a', left, flip);
    const actions = driver.contribute('b', left);
    expect(actions).toEqual(['stale', 'dispute a b', 'quarantine a 10000', 'evict a', 'quarantine b 10000', 'evict b']);
    expect(driver.join('d')).toEqual(['admit d', 'assign d 0,1,2,3,4,5,6,7']);
    expect(driver.contribute('d', rootBlock(8))).toEqual(['accepted', 'round-complete']);
  });

  it('quarantines a worker that contradicts itself', () => {
    driver.contribute('a', left);
    expect(driver.contribute('a', left, flip).slice(0, 2)).toEqual(['stale', 'dispute a a']);
    expect(driver.contribute('b', left)).toContain('quarantine a 10000');
  });

  it('can only report what differs after the round', () => {
    driver.contribute('a', left);
    driver.contribute('b', right);
    expect(driver.contribute('c', right, flip)).toEqual(['duplicate', 'dispute b c']);
    expect(driver.machine.workers).toEqual(['a', 'b', 'c']);
  });

  it('takes what is no number for corrupt after the round, too, and does not hold it against the next one', () => {
    const broken = ({ scalars }: Contribution): void => void (scalars[0] = Number.NaN);
    const alone = new CoordinatorDriver({ workers: ['a'], corruptLimit: 1 });
    alone.begin();
    alone.contribute('a', rootBlock(8));
    const late = alone.plan;
    alone.begin();
    const contribution = { ...blockContribution(11, rootBlock(8)), sums: new Float32Array(3) };
    const event = { type: 'contribution', worker: 'a', incarnation: 'a', round: late, contribution } as const;
    expect(brief(alone.handle(event))).toEqual(['corrupt', 'evict a']);
    expect(alone.machine.round?.step).toBe(2);
    driver.contribute('a', left);
    driver.contribute('b', right);
    expect(driver.contribute('c', right, broken)).toEqual(['corrupt', 'quarantine c 10000', 'evict c']);
    expect(driver.machine.workers).toEqual(['a', 'b']);
  });
});
