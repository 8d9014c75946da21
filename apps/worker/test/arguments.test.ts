import { describe, expect, it } from 'vitest';
import { parseWorkerArguments } from '../src/arguments.ts';

describe('parseWorkerArguments', () => {
  it('reads address, name and flag', () => {
    const parsed = parseWorkerArguments(['--coordinator', '10.0.0.7:7077', '--name', 'w-1', '--exit-with-parent']);
    expect(parsed).toEqual({ coordinators: ['10.0.0.7:7077'], name: 'w-1', exitWithParent: true });
  });

  it('reads several coordinators, each once', () => {
    expect(parseWorkerArguments(['--coordinator', 'a:1,b:2, a:1']).coordinators).toEqual(['a:1', 'b:2']);
  });

  it('reads the times', () => {
    const parsed = parseWorkerArguments(['--coordinator', 'h:1', '--name', 'w', '--drain-ms', '0', '--give-up-ms', '60000']);
    expect(parsed).toEqual({ coordinators: ['h:1'], name: 'w', exitWithParent: false, drainMs: 0, giveUpMs: 60_000 });
  });

  it('makes a name of host and process where none is given', () => {
    expect(parseWorkerArguments(['--coordinator', 'h:1']).name).toMatch(new RegExp(`-${process.pid}$`));
  });

  it.each([
    [[], '--coordinator: expected HOST:PORT, got none'],
    [['--coordinator', 'nowhere'], 'expected HOST:PORT with a port of 1..65535, got "nowhere"'],
    [['--coordinator', 'h:1,'], 'expected HOST:PORT with a port of 1..65535, got ""'],
    [['--coordinator', 'h:70000'], 'got "h:70000"'],
    [['--coordinator', 'h:1', '--name', 'a b'], '--name: expected'],
    [['--coordinator', 'h:1', '--frobnicate'], '--frobnicate'],
    [['--coordinator', 'h:1', '--drain-ms', '2s'], '--drain-ms: expected whole milliseconds, got "2s"'],
    [['--coordinator', 'h:1', '--give-up-ms=-1'], '--give-up-ms: expected whole milliseconds, got "-1"'],
  ])('refuses %j', (args, message) => {
    expect(() => parseWorkerArguments(args)).toThrow(expect.objectContaining({ exitCode: 64, message: expect.stringContaining(message) }));
  });
});
