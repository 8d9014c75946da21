import { describe, expect, it } from 'vitest';
import { readNatsOptions } from '../src/index.ts';

const url = 'nats://127.0.0.1:4222';

describe('readNatsOptions', () => {
  it('finds none where no address is given', () => {
    expect(readNatsOptions({ env: {} })).toBeUndefined();
    expect(readNatsOptions({ env: { GEODESIC_NATS_URL: '', GEODESIC_CLUSTER: 'lab' } })).toBeUndefined();
  });

  it('takes flags before the environment', () => {
    const env = { GEODESIC_NATS_URL: 'tls://one:1,tls://two', GEODESIC_CLUSTER: 'lab', GEODESIC_NATS_REPLICAS: '3' };
    expect(readNatsOptions({ env })).toEqual({ servers: ['tls://one:1', 'tls://two:4222'], cluster: 'lab', replicas: 3 });
    expect(readNatsOptions({ url, cluster: 'main', env })).toEqual({ servers: [url], cluster: 'main', replicas: 3 });
  });

  it('takes credentials and files from the environment', () => {
    const env = { GEODESIC_NATS_USER: 'anna', GEODESIC_NATS_PASSWORD_FILE: '/p', GEODESIC_NATS_CA: '/ca', GEODESIC_NATS_INBOX: '_INBOX_a' };
    expect(readNatsOptions({ url, env })).toEqual({
      servers: [url],
      cluster: 'main',
      replicas: 1,
      user: 'anna',
      passwordFile: '/p',
      tls: { caFile: '/ca' },
      inboxPrefix: '_INBOX_a',
    });
  });

  it.each([
    [{ url: 'localhost:4222' }, {}, '--nats'],
    [{ url: 'http://localhost' }, {}, '--nats'],
    [{ url: `${url},` }, {}, '--nats'],
    [{ url: 'nats://anna:secret@host' }, {}, '--nats'],
    [{ cluster: 'a.b' }, {}, '--cluster'],
    [{}, { GEODESIC_NATS_URL: 'x' }, 'GEODESIC_NATS_URL'],
    [{}, { GEODESIC_CLUSTER: 'A' }, 'GEODESIC_CLUSTER'],
    [{ url }, { GEODESIC_NATS_REPLICAS: '6' }, 'GEODESIC_NATS_REPLICAS'],
    [{ url }, { GEODESIC_NATS_USER: 'anna' }, 'GEODESIC_NATS_PASSWORD_FILE'],
    [{ url }, { GEODESIC_NATS_PASSWORD: 'p' }, 'GEODESIC_NATS_USER'],
    [{ url }, { GEODESIC_NATS_CREDS: '/c', GEODESIC_NATS_NKEY: '/n' }, 'one of them'],
    [{ url }, { GEODESIC_NATS_CERT: '/c' }, 'GEODESIC_NATS_KEY'],
    [{ url }, { GEODESIC_NATS_INBOX: 'a.>' }, 'GEODESIC_NATS_INBOX'],
  ])('refuses %j with %j naming %s', (flags, env, named) => {
    const problem = expect.objectContaining({ code: 'OPTIONS', message: expect.stringContaining(named) as string }) as Error;
    expect(() => readNatsOptions({ ...flags, env })).toThrow(problem);
  });

  it('does not repeat a password', () => {
    expect(() => readNatsOptions({ url: 'http://anna:secret@host', env: {} })).not.toThrow(/secret/);
    expect(() => readNatsOptions({ url: 'http://anna:secret@host', env: {} })).toThrow(/http/);
  });
});
