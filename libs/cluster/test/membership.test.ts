import { describe, expect, it } from 'vitest';
import { Membership } from '../src/index.ts';
import type { Admission } from '../src/index.ts';

const fingerprint = { node: '20.19', threads: 1 };

function join(membership: Membership, worker: string, at = 0, incarnation = 'i'): Admission {
  return membership.join({ worker, incarnation, fingerprint, at });
}

describe('Membership', () => {
  it('lists names in code-unit order', () => {
    const membership = new Membership({ leaseMs: 10 });
    for (const worker of ['b', 'B', 'a10', 'a2']) join(membership, worker);
    expect(membership.workers()).toEqual(['B', 'a10', 'a2', 'b']);
  });

  it('freezes the fingerprint of the first worker and names the field of another', () => {
    const membership = new Membership({ leaseMs: 10 });
    join(membership, 'a');
    const admission = membership.join({ worker: 'b', incarnation: 'j', fingerprint: { node: '20.19', threads: 2 }, at: 0 });
    expect(admission).toMatchObject({
      admitted: false,
      refusal: { code: 'FINGERPRINT_MISMATCH', field: 'threads', expected: '1', got: '2' },
    });
    expect(membership.workers()).toEqual(['a']);
  });

  it('keeps it when everybody has left, tells a missing field, and takes one from before', () => {
    const membership = new Membership({ leaseMs: 10, fingerprint });
    const admission = membership.join({ worker: 'b', incarnation: 'j', fingerprint: { node: '20.19' }, at: 0 });
    expect(admission).toMatchObject({ refusal: { field: 'threads', got: 'absent' } });
    expect(membership.fingerprint).toEqual(fingerprint);
  });

  it('replaces an older incarnation, which can neither renew nor leave any more', () => {
    const membership = new Membership({ leaseMs: 10 });
    join(membership, 'a', 0, 'old');
    expect(join(membership, 'a', 1, 'new')).toEqual({ admitted: true, replaced: { worker: 'a', incarnation: 'old' } });
    expect(membership.renew({ worker: 'a', incarnation: 'old' }, 2)).toBe(false);
    expect(membership.remove({ worker: 'a', incarnation: 'old' })).toBe(false);
    expect(join(membership, 'a', 3, 'new')).toEqual({ admitted: true });
  });

  it('expires a lease after silence, not at it, and never by a clock that lags', () => {
    const membership = new Membership({ leaseMs: 10 });
    join(membership, 'a', 5);
    membership.renew({ worker: 'a', incarnation: 'i' }, 1);
    expect(membership.expired(15)).toEqual([]);
    expect(membership.expired(16)).toEqual([{ worker: 'a', incarnation: 'i' }]);
  });

  it('refuses a lease that is not positive', () => {
    expect(() => new Membership({ leaseMs: 0 })).toThrow('Membership: leaseMs: expected a positive number of ms, got 0');
  });
});
