/**
 * The one place where error codes and gRPC statuses meet. The exact code and the hint travel in trailing metadata, the
 * status is what a foreign gRPC client sees.
 */
import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { asWireError, WireError } from './errors.ts';
import type { WireErrorCode } from './errors.ts';

const CODE_KEY = 'geodesic-code';
const HINT_KEY = 'geodesic-hint';

const statusOf: Readonly<Record<WireErrorCode, status>> = {
  UNREACHABLE: status.UNAVAILABLE,
  DEADLINE: status.DEADLINE_EXCEEDED,
  INVALID: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  BUSY: status.RESOURCE_EXHAUSTED,
  REFUSED: status.FAILED_PRECONDITION,
  NOT_LEADER: status.FAILED_PRECONDITION,
  CORRUPT: status.DATA_LOSS,
  BUNDLE: status.INVALID_ARGUMENT,
  PORT_IN_USE: status.ALREADY_EXISTS,
  INTERNAL: status.INTERNAL,
};

/** Statuses that gRPC itself raises, without our metadata. */
function codeOfStatus(code: status): WireErrorCode {
  switch (code) {
    case status.UNAVAILABLE:
    case status.CANCELLED: // cut by the other side: our own cancellations are never reported
      return 'UNREACHABLE';
    case status.DEADLINE_EXCEEDED:
      return 'DEADLINE';
    case status.NOT_FOUND:
      return 'NOT_FOUND';
    case status.INVALID_ARGUMENT:
      return 'INVALID';
    case status.RESOURCE_EXHAUSTED:
      return 'CORRUPT'; // raised by gRPC for a message above the receive limit, which no chunk of ours exceeds
    default:
      return 'INTERNAL';
  }
}

/** Metadata values are ASCII: everything else is percent-encoded, as gRPC does with its own messages. */
function encodeHint(hint: string): string {
  return encodeURIComponent(hint);
}

/** What a server hands to gRPC for a failed call. */
export function toServiceError(error: unknown): { code: status; details: string; metadata: Metadata } {
  const wire = asWireError(error);
  const metadata = new Metadata();
  metadata.set(CODE_KEY, wire.code);
  if (wire.hint !== '') metadata.set(HINT_KEY, encodeHint(wire.hint));
  return { code: statusOf[wire.code], details: wire.message, metadata };
}

/** What a client throws for a failed call. @param operation names the call and the address for people. */
export function fromServiceError(error: unknown, operation: string): WireError {
  if (error instanceof WireError) return error;
  if (!isServiceError(error)) return asWireError(error);
  const code = String(error.metadata.get(CODE_KEY)[0] ?? '');
  const hint = decodeURIComponent(String(error.metadata.get(HINT_KEY)[0] ?? ''));
  if (code in statusOf) return new WireError(code as WireErrorCode, error.details, hint, { cause: error });
  const known = codeOfStatus(error.code);
  const advice = known === 'UNREACHABLE' ? 'check that the coordinator runs and that the address is right' : '';
  return new WireError(known, `${operation}: ${error.details}`, advice, { cause: error });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error && error.metadata instanceof Metadata;
}
