/** What the client library throws, as errors of this library: whether to try again, and what a person can do. */
import { JetStreamApiError } from '@nats-io/jetstream';
import {
  AuthorizationError,
  InvalidArgumentError,
  NoRespondersError,
  PermissionViolationError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';
import { EventsError } from './errors.ts';

/** Numbers of JetStream's errors that mean something here. */
const STREAM_NOT_FOUND = 10059;
const WRONG_LAST_SEQUENCE = 10071;
const NO_JETSTREAM_FOR_ACCOUNT = 10039;
const JETSTREAM_NOT_ENABLED = 10076;

/** Translates what an operation on NATS threw; `what` names the operation or subject. */
export function toEventsError(error: unknown, what: string): EventsError {
  if (error instanceof EventsError) return error;
  const causes = causesOf(error);
  const violation = causes.find((cause) => cause instanceof PermissionViolationError);
  if (violation !== undefined) return permissionError(violation, what);
  if (causes.some((cause) => cause instanceof AuthorizationError || cause instanceof UserAuthenticationExpiredError))
    return new EventsError('CREDENTIALS', {
      what,
      expected: 'credentials that the server accepts',
      got: messageOf(error),
      hint: 'check GEODESIC_NATS_USER and its password, or the files of GEODESIC_NATS_CREDS, GEODESIC_NATS_NKEY',
      cause: error,
    });
  const api = causes.find((cause) => cause instanceof JetStreamApiError);
  if (api !== undefined) return apiError(api, what);
  if (causes.some((cause) => cause instanceof InvalidArgumentError && cause.message.includes('max_payload')))
    return new EventsError('TOO_LARGE', {
      what,
      expected: 'a message within max_payload of the server',
      got: 'a larger one',
      hint: 'raise max_payload in the configuration of nats-server',
      cause: error,
    });
  return new EventsError('UNREACHABLE', {
    what,
    expected: 'an answer of NATS',
    got: isNoResponders(error) ? 'nobody who answers (no stream takes this, or its servers are away)' : messageOf(error),
    hint: 'check that nats-server runs with JetStream and can be reached; it is tried again where something waits',
    cause: error,
  });
}

/** Whether nobody answers: no stream has the subject, or nobody serves the request. */
export function isNoResponders(error: unknown): boolean {
  return causesOf(error).some((cause) => cause instanceof NoRespondersError);
}

/** Whether a stream was asked for that is not there. */
export function isStreamNotFound(error: unknown): boolean {
  return apiCodeOf(error) === STREAM_NOT_FOUND;
}

/** The number of a JetStream error such as 10071; undefined for other errors. */
export function apiCodeOf(error: unknown): number | undefined {
  return causesOf(error)
    .find((cause) => cause instanceof JetStreamApiError)
    ?.apiError().err_code;
}

function apiError(api: JetStreamApiError, what: string): EventsError {
  const { err_code: number, code, description } = api.apiError();
  const got = `${description} (${number})`;
  if (number === WRONG_LAST_SEQUENCE)
    return new EventsError('FENCED', {
      what,
      expected: 'to be the next to write',
      got,
      hint: 'another process has written: it leads now',
      cause: api,
    });
  if (number === NO_JETSTREAM_FOR_ACCOUNT || number === JETSTREAM_NOT_ENABLED)
    return new EventsError('NO_JETSTREAM', {
      what,
      expected: 'a server with JetStream',
      got,
      hint: 'start nats-server with -js, or enable it for the account',
      cause: api,
    });
  // 503: no leader at the moment, no place, a server that is still starting. All of it may pass.
  if (code === 503)
    return new EventsError('UNREACHABLE', { what, expected: 'JetStream to answer', got, hint: 'it is tried again', cause: api });
  const hint = number === STREAM_NOT_FOUND ? 'a coordinator with --nats creates it' : 'look at it with `nats stream info`';
  return new EventsError('STREAM', { what, expected: 'a stream that can be used', got, hint, cause: api });
}

function permissionError(violation: PermissionViolationError, what: string): EventsError {
  return new EventsError('PERMISSION', {
    what,
    expected: `the right to ${violation.operation === 'publish' ? 'publish to' : 'subscribe to'} ${violation.subject}`,
    got: 'a permissions violation',
    hint: violation.subject.startsWith('_INBOX')
      ? 'set GEODESIC_NATS_INBOX to the inbox of this user, such as _INBOX_observer (see infra/nats)'
      : `allow ${violation.subject} to this user in the configuration of nats-server (see infra/nats)`,
    cause: violation,
  });
}

/** The error and the causes behind it. */
function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause instanceof Error && causes.length < 5; cause = cause.cause) causes.push(cause);
  return causes;
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : String(error);
}
