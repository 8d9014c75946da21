import type { RoundRequest, Rounds } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { inAttempt, numbered } from '../src/request-numbers.ts';
import { drive, totalsOf } from './drive.ts';

function* asking(...requests: readonly RoundRequest[]): Rounds<string> {
  for (const request of requests) yield request;
  return 'done';
}

const none = totalsOf(1, {});

describe('numbered', () => {
  it('raises an index that an earlier round of the program and attempt has, and leaves others alone', () => {
    const asked = [
      { program: 'quad' },
      { program: 'product', index: 0 },
      { program: 'product', index: 1 },
      { program: 'product', index: 0 },
    ];
    const { requests, result } = drive(numbered(asking(...asked, { program: 'quad' }, { program: 'quad', attempt: 1 })), () => none);
    expect(requests.map(({ index }) => index)).toEqual([undefined, 0, 1, 2, 1, undefined]);
    expect(result).toBe('done');
  });
});

describe('numbered after a rejection', () => {
  it('counts requests of no attempt to the present one', () => {
    const { requests } = drive(numbered(asking({ program: 'trial', attempt: 2 }, { program: 'probe' })), () => none);
    expect(requests.map(({ attempt }) => attempt)).toEqual([2, 2]);
  });
});

describe('inAttempt', () => {
  it('marks every request, and the first one with what went before', () => {
    const rejected = { reason: 'why', damping: 2 };
    const { requests } = drive(inAttempt(asking({ program: 'quad' }, { program: 'trial' }), { attempt: 3, rejected }), () => none);
    expect(requests).toEqual([
      { program: 'quad', attempt: 3, rejected },
      { program: 'trial', attempt: 3 },
    ]);
  });

  it('lets a failed round reach whoever asked', () => {
    function* careful(): Rounds<string> {
      try {
        yield { program: 'trial' };
      } catch (error) {
        return (error as Error).message;
      }
      return 'nothing';
    }
    expect(drive(numbered(inAttempt(careful(), { attempt: 0 })), () => new Error('broken')).result).toBe('broken');
  });
});
