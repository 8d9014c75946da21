import { WireError } from '@geodesic/wire';
import { describe, expect, it } from 'vitest';
import { asWorkerError, ComputeError, WorkerError } from '../src/errors.ts';

describe('asWorkerError', () => {
  it.each([
    ['program', { code: 'PROGRAM', exitCode: 65, hint: expect.stringContaining('guard the operation') as string }],
    ['executor', { code: 'COMPUTE', exitCode: 65, hint: expect.stringContaining('geo doctor') as string }],
    ['defect', { code: 'COMPUTE', exitCode: 70, hint: expect.stringContaining('report it') as string }],
  ] as const)('tells a fault of the %s from the others', (fault, expected) => {
    expect(asWorkerError(new ComputeError('what happened', fault))).toMatchObject({ message: 'what happened', ...expected });
  });

  it('takes an error of the wire as one to try again, and leaves its own as they are', () => {
    const own = new WorkerError('USAGE', 'm', { hint: 'h', exitCode: 64 });
    expect(asWorkerError(own)).toBe(own);
    expect(asWorkerError(new WireError('UNREACHABLE', 'gone', 'look'))).toMatchObject({ code: 'UNREACHABLE', exitCode: 1, hint: 'look' });
  });
});
