import { describe, expect, it } from 'vitest';
import { parseCoordinatorArguments } from '../src/arguments.ts';
import type { CoordinatorArguments } from '../src/arguments.ts';

const parse = (args: readonly string[], env = {}): CoordinatorArguments => parseCoordinatorArguments(args, env);

describe('parseCoordinatorArguments', () => {
  it('reads a run to take up again', () => {
    const defaults = { runs: 'runs', host: '127.0.0.1', port: 0, once: false, exitWithParent: false };
    expect(parse(['--runs', 'runs'])).toEqual(defaults);
    expect(parse(['--runs', 'runs', '--resume', 'digits'])).toEqual({
      ...defaults,
      resume: { run: 'digits', takeover: false, rebase: false },
    });
    const all = ['--runs', 'runs', '--resume', 'digits', '--from', '50', '--takeover', '--rebase', '--port', '4700', '--once'];
    expect(parse(all)).toEqual({
      ...defaults,
      port: 4700,
      once: true,
      resume: { run: 'digits', from: 50, takeover: true, rebase: true },
    });
  });

  it('reads how NATS is reached, from flags before the environment, and what goes over it', () => {
    const { nats } = parse(['--runs', 'runs', '--nats', 'nats://127.0.0.1:4222', '--broadcast', 'all'], { GEODESIC_CLUSTER: 'lab' });
    expect(nats).toMatchObject({ ha: false, leaseMs: 3000, broadcast: 'all', options: { cluster: 'lab', replicas: 1 } });
    const env = { GEODESIC_NATS_URL: 'nats://10.0.0.1:4222,nats://10.0.0.2:4222' };
    const ha = parse(['--runs', 'runs', '--ha', 'nats', '--lease-ms', '500'], env).nats;
    expect(ha).toMatchObject({ ha: true, leaseMs: 500, broadcast: 'parameters' });
    expect(ha?.options.servers).toHaveLength(2);
  });

  it.each([
    [['--from', '3'], '--from: expected --resume RUN beside it, got none'],
    [['--takeover'], '--takeover: expected --resume RUN beside it, got none'],
    [['--resume', 'digits', '--from', 'two'], '--from: expected a step, got "two"'],
    [['--resume', ''], '--resume: expected the name of a run, got none'],
    [['--ha', 'nats'], '--ha nats: expected --nats URL beside it, or GEODESIC_NATS_URL, got neither'],
    [['--ha', 'yes'], '--ha: expected none or nats, got "yes"'],
    [['--lease-ms', '100'], '--lease-ms: expected 200..600000, got "100"'],
    [['--broadcast', 'optimizer'], '--broadcast: expected parameters, all or none, got "optimizer"'],
    [['--nats', 'http://127.0.0.1'], '--nats: expected nats://HOST:PORT'],
    [['--nats', 'nats://127.0.0.1', '--cluster', 'A.B'], '--cluster: expected'],
  ])('refuses %j', (args, message) => {
    expect(() => parse(['--runs', 'runs', ...args])).toThrow(message);
  });
});
