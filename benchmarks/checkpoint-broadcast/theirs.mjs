/** The client library's object store: one object of 100 MB, put once and got by every subscriber as soon as it is there. */
import { pathToFileURL } from 'node:url';
import { checkAnswers } from './ours.mjs';

const PIECE_BYTES = 2 ** 20;

/** The module, or why there is none. */
export async function loadObjectStore() {
  const named = process.env.GEODESIC_NATS_OBJ;
  try {
    return { module: await import(named === undefined ? '@nats-io/obj' : pathToFileURL(named).href) };
  } catch (error) {
    return { reason: `${error.message} (npm install --no-save @nats-io/obj@3.3.1 elsewhere, and GEODESIC_NATS_OBJ=<its lib/mod.js>)` };
  }
}

/** One turn: seconds until all subscribers have everything, and until it was stored. */
export function theirs({ module: { Objm } }) {
  return async ({ client, peers, content, turn }) => {
    const bucket = `turn-${turn}`;
    const store = await new Objm(client.connection).create(bucket, { storage: 'file' });
    const start = performance.now();
    await store.put({ name: 'checkpoint' }, streamOf(content));
    const writeSeconds = (performance.now() - start) / 1000;
    const answers = await Promise.all(peers.map((peer) => peer.ask({ command: 'get', bucket })));
    const seconds = (performance.now() - start) / 1000;
    checkAnswers(answers, content);
    await store.destroy();
    return { seconds, writeSeconds };
  };
}

function streamOf(content) {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= content.length) return controller.close();
      controller.enqueue(content.subarray(at, at + PIECE_BYTES));
      at += PIECE_BYTES;
    },
  });
}
