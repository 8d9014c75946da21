/** Errors, envelopes and exit codes: what programs may rely on. */
import { DataError } from '@geodesic/data';
import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { errorEnvelope, successEnvelope } from '../src/envelope.ts';
import { CliError, describeError, toCliError } from '../src/errors.ts';
import { EXIT } from '../src/exit-code.ts';
import { asSpecError } from '../src/load-spec.ts';

const error = new CliError({
  code: 'PORT_IN_USE',
  message: '--port 80: expected a free port, got a port in use',
  hint: 'leave it out',
  exitCode: EXIT.unreachable,
});

describe('toCliError', () => {
  it('keeps an error of a command', () => {
    expect(toCliError(error)).toBe(error);
  });

  it("turns commander's message into a usage error with its suggestion as the hint", () => {
    const usage = toCliError(new CommanderError(1, 'commander.unknownCommand', "error: unknown command 'rnu'\n(Did you mean run?)"));
    expect(usage).toMatchObject({ code: 'USAGE', message: "unknown command 'rnu'", hint: 'Did you mean run?', exitCode: 2 });
  });

  it('says that memory is what was short', () => {
    // What V8 throws for an array that the host has no memory for.
    const short = toCliError(new RangeError('Array buffer allocation failed'));
    expect(short).toMatchObject({ code: 'OUT_OF_MEMORY', exitCode: EXIT.failed, hint: expect.stringContaining('smaller') as string });
  });

  it('calls everything else internal', () => {
    expect(toCliError(new TypeError('x is undefined'))).toMatchObject({ code: 'INTERNAL', message: 'x is undefined', exitCode: 70 });
  });
});

describe('asSpecError', () => {
  it('reports damaged data as the data, not as a mistake of the program', () => {
    const damaged = new DataError('readDigits digits.gz', {
      expected: 'sha256:a',
      got: 'sha256:b',
      hint: 'restore the file',
      file: 'digits.gz',
    });
    expect(asSpecError('run.yaml', damaged)).toMatchObject({
      code: 'DATA_INVALID',
      message: 'readDigits digits.gz: expected sha256:a, got sha256:b (restore the file)',
      exitCode: 2,
    });
  });

  it('leaves alone what is no fault of the spec', () => {
    const bug = new TypeError('x is undefined');
    expect(asSpecError('run.yaml', bug)).toBe(bug);
  });
});

describe('describeError', () => {
  it('has a message and a hint, and a stack trace only when debugging', () => {
    expect(describeError(error, { debug: false })).toBe(`error: ${error.message}\n  hint: leave it out\n`);
    expect(describeError(error, { debug: true })).toContain('errors.test.ts');
  });
});

describe('envelopes', () => {
  it('have one shape for all commands', () => {
    expect(successEnvelope({ healthy: true })).toEqual({ schemaVersion: 1, status: 'ok', data: { healthy: true } });
    const expected = { code: 'PORT_IN_USE', message: error.message, hint: 'leave it out' };
    expect(errorEnvelope(error)).toEqual({ schemaVersion: 1, status: 'error', error: expected });
  });
});
