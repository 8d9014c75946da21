/** A subscriber process: JSON lines in, JSON lines out. `wait` and `receive` are ours, `get` is the client library's object store. */
import { createInterface } from 'node:readline';
import { connectNats, NatsBus, NatsObjects, readNatsOptions } from '@geodesic/events';
import { loadObjectStore } from './theirs.mjs';

const client = await connectNats(readNatsOptions({ url: process.argv[2], env: {} }), { name: 'subscriber' });
const { signal } = new AbortController();
let waiting;

const commands = {
  async wait({ run }) {
    const events = new NatsBus(client).follow({ run, type: 'checkpoint.available', signal });
    waiting = { run, events, next: events.next() };
    // The consumer is there when the server has answered what was asked after it.
    await client.connection.flush();
    return {};
  },
  async receive() {
    const { run, events, next } = waiting;
    const { value } = await next;
    await events.return();
    const { manifest, first, last } = value.event.data;
    const objects = new NatsObjects(client, run);
    const { chunks } = JSON.parse(Buffer.from(await objects.get(manifest, signal)).toString('utf8'));
    const missing = new Set(chunks);
    let bytes = 0;
    for await (const object of objects.stream({ first, last }, { wanted: new Set(chunks), signal })) {
      missing.delete(object.digest);
      bytes += object.bytes.length;
    }
    for (const digest of missing) bytes += (await objects.get(digest, signal)).length;
    return { bytes, refetched: missing.size };
  },
  async get({ bucket }) {
    const { module } = await loadObjectStore();
    const store = await new module.Objm(client.connection).open(bucket);
    const found = await store.get('checkpoint');
    let bytes = 0;
    const reader = found.data.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
    }
    const error = await found.error;
    if (error) throw error;
    return { bytes };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  console.log(JSON.stringify(await commands[request.command](request)));
}
await client.close();
