import { describe, expect, it } from 'vitest';
import { parseCoordinatorArguments } from '../src/arguments.ts';

describe('parseCoordinatorArguments', () => {
  it('reads a run to take up again', () => {
    const defaults = { runs: 'runs', host: '127.0.0.1', port: 0, once: false, exitWithParent: false };
    expect(parseCoordinatorArguments(['--runs', 'runs'])).toEqual(defaults);
    expect(parseCoordinatorArguments(['--runs', 'runs', '--resume', 'digits'])).toEqual({
      ...defaults,
      resume: { run: 'digits', takeover: false, rebase: false },
    });
    const all = ['--runs', 'runs', '--resume', 'digits', '--from', '50', '--takeover', '--rebase', '--port', '4700', '--once'];
    expect(parseCoordinatorArguments(all)).toEqual({
      ...defaults,
      port: 4700,
      once: true,
      resume: { run: 'digits', from: 50, takeover: true, rebase: true },
    });
  });

  it.each([
    [['--from', '3'], '--from: expected --resume RUN beside it, got none'],
    [['--takeover'], '--takeover: expected --resume RUN beside it, got none'],
    [['--resume', 'digits', '--from', 'two'], '--from: expected a step, got "two"'],
    [['--resume', ''], '--resume: expected the name of a run, got none'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCoordinatorArguments(['--runs', 'runs', ...args])).toThrow(message);
  });
});
