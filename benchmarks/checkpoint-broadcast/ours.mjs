/** Our broadcast: chunks, the manifest, the event; the subscribers wait for the event as `geo checkpoints follow` does. */
import { createHash } from 'node:crypto';
import { CHUNK_BYTES } from '@geodesic/checkpoint';
import { NatsBus, NatsObjects, projectEvent } from '@geodesic/events';

/** One turn: seconds until all subscribers have everything, and until it was stored. */
export async function ours({ client, peers, content, turn }) {
  const run = `turn-${turn}`;
  await Promise.all(peers.map((peer) => peer.ask({ command: 'wait', run })));
  const received = Promise.all(peers.map((peer) => peer.ask({ command: 'receive' })));
  const start = performance.now();
  const objects = new NatsObjects(client, run);
  const chunks = [];
  const range = await objects.put(
    (async function* () {
      for (let at = 0; at < content.length; at += CHUNK_BYTES) {
        const bytes = content.subarray(at, at + CHUNK_BYTES);
        const digest = digestOf(bytes);
        chunks.push(digest);
        yield { digest, bytes };
      }
      const bytes = Buffer.from(JSON.stringify({ chunks }));
      yield { digest: digestOf(bytes), bytes };
    })(),
  );
  const manifest = digestOf(Buffer.from(JSON.stringify({ chunks })));
  const data = { step: turn, manifest, bytes: content.length, files: ['parameters.safetensors'], ...range };
  const event = { sequence: turn + 1, type: 'checkpoint.available', at: new Date().toISOString(), data };
  for (const projected of projectEvent(event, { cluster: client.options.cluster, run })) await new NatsBus(client).publish(projected);
  const writeSeconds = (performance.now() - start) / 1000;
  const answers = await received;
  const seconds = (performance.now() - start) / 1000;
  checkAnswers(answers, content);
  await client.manager.streams.purge(`GD_OBJECTS_${client.options.cluster}`);
  return { seconds, writeSeconds };
}

/** Every subscriber must have had every byte. @throws {Error} */
export function checkAnswers(answers, content) {
  for (const { bytes } of answers)
    if (bytes !== content.length) throw new Error(`broadcast: expected ${content.length} bytes at a subscriber, got ${bytes}`);
}

function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
