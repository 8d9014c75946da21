import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WorkerMessage } from '../src/messages.ts';
import { sessionMethods } from '../src/methods.ts';
import { geodesic } from '../src/protobuf.ts';
import { RawClient } from '../src/raw-client.ts';
import { PROTOCOL_VERSION, refuseVersion, STATE_VERSION } from '../src/versions.ts';
import { FakeCoordinator } from './fake-coordinator.ts';

describe('refuseVersion', () => {
  it('lets a worker of the same versions pass', () => {
    expect(refuseVersion({ protocol: PROTOCOL_VERSION, state: STATE_VERSION })).toBeUndefined();
  });

  it('refuses another protocol for good, with both numbers', () => {
    expect(refuseVersion({ protocol: 2, state: 0 })).toEqual({
      type: 'refused',
      code: 'PROTOCOL_MISMATCH',
      field: 'protocol',
      expected: '3',
      got: '2',
      message: 'hello.protocol: expected 3, got 2 (run the same version of coordinator and worker)',
      retryAfterMs: 0,
    });
  });

  it('refuses another format of what is exchanged, too', () => {
    const refusal = refuseVersion({ protocol: PROTOCOL_VERSION, state: STATE_VERSION + 1 });
    expect(refusal).toMatchObject({ code: 'STATE_MISMATCH', field: 'state', expected: '1', got: '2' });
  });
});

describe('a worker of protocol 2', () => {
  it('is refused in words that it understands, though it does not seal what it says', async () => {
    const coordinator = new FakeCoordinator();
    const server = await coordinator.listen();
    const client = new RawClient(server.address);
    const call = client.duplex(sessionMethods.join);
    const said = coordinator.next('message');
    // As version 2 wrote it, and read the answer.
    const hello = { worker: 'w', incarnation: 'i', protocol: 2, pid: 7 };
    call.write(geodesic.v1.WorkerMessage.encode({ hello }).finish() as Buffer);
    const answer = refuseVersion((await said) as Extract<WorkerMessage, { type: 'hello' }>)!;
    coordinator.peer!.send(answer);
    const [bytes] = (await once(call, 'data')) as [Buffer];
    const { refused } = geodesic.v1.CoordinatorMessage.decode(bytes);
    expect(refused).toMatchObject({ code: 'PROTOCOL_MISMATCH', expected: '3', got: '2' });
    call.end();
    coordinator.peer!.end();
    client.close();
    await server.close();
  });
});
