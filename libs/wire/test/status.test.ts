import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { WireError } from '../src/errors.ts';
import { fromServiceError, toServiceError } from '../src/status.ts';

function received(error: unknown): ServiceError {
  const { code, details, metadata } = toServiceError(error);
  return Object.assign(new Error(details), { code, details, metadata });
}

describe('toServiceError', () => {
  it('carries code, message and hint across, with a fitting gRPC status', () => {
    const sent = new WireError('BUSY', 'submit: expected no run, got one', 'wait for it – or stop it');
    expect(received(sent).code).toBe(status.RESOURCE_EXHAUSTED);
    const back = fromServiceError(received(sent), 'submit');
    expect([back.code, back.message, back.hint]).toEqual([sent.code, sent.message, sent.hint]);
  });

  it('makes a foreign error INTERNAL', () => {
    expect(fromServiceError(received(new TypeError('x is not a function')), 'fetch').code).toBe('INTERNAL');
  });
});

describe('fromServiceError', () => {
  it('reads a bare gRPC status, naming the operation', () => {
    const bare = received(new Error('connect ECONNREFUSED'));
    bare.code = status.UNAVAILABLE;
    bare.metadata.remove('geodesic-code');
    bare.metadata.remove('geodesic-hint');
    const error = fromServiceError(bare, 'Runs/Submit at 127.0.0.1:1');
    expect(error.code).toBe('UNREACHABLE');
    expect(error.message).toBe('Runs/Submit at 127.0.0.1:1: connect ECONNREFUSED');
    expect(error.hint).toMatch(/coordinator/);
  });
});
