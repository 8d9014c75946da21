/**
 * Broadcast of a checkpoint to three subscriber processes on loopback: ours (objects in a stream, announced by an event, every object's sha256
 * verified by every subscriber) in turn with the client library's object store (which verifies, too). A reading is the time from the first
 * byte that is hashed until the last subscriber has all of them. The peer is @nats-io/obj, or the module that GEODESIC_NATS_OBJ names.
 */
import { fileURLToPath } from 'node:url';
import { connectNats, ensureStreams, readNatsOptions } from '@geodesic/events';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { startPeer } from '../shared/peer-process.mjs';
import { printResult } from '../shared/result-line.mjs';
import { median, range, significant } from '../shared/statistics.mjs';
import { checkpointBytes } from './checkpoint-bytes.mjs';
import { ours } from './ours.mjs';
import { loadObjectStore, theirs } from './theirs.mjs';

const goal = 5;
const subscribers = 3;
const bytes = 100_000_000;
const seed = 1;
const profiles = { quick: { turns: 3 }, full: { turns: 9 } };

/** Runs the benchmark: one line for each turn, and one with the ratio of medians. */
export async function run({ profile }) {
  const missing = natsServerReason();
  if (missing !== undefined) {
    console.error(`broadcast: nothing to measure: ${missing}`);
    return;
  }
  const server = await NatsServer.start();
  const subscriber = fileURLToPath(new URL('subscriber.mjs', import.meta.url));
  const peers = Array.from({ length: subscribers }, (_, index) =>
    startPeer({ name: `subscriber ${index + 1}`, command: process.execPath, args: [subscriber, server.url] }),
  );
  const client = await connectNats(readNatsOptions({ url: server.url, env: {} }), { name: 'publisher' });
  try {
    await ensureStreams(client, { ha: false });
    await measure({ client, peers, profile });
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    await client.close();
    await server.stop();
  }
}

async function measure({ client, peers, profile }) {
  const { turns } = profiles[profile];
  const content = checkpointBytes(bytes, seed);
  const store = await loadObjectStore();
  const contenders = { ours, ...('reason' in store ? {} : { peer: theirs(store) }) };
  if ('reason' in store) console.error(`broadcast: no peer: ${store.reason}`);
  const readings = { ours: [], peer: [] };
  // A turn that does not count warms connections, code and the server's files.
  for (let turn = 0; turn <= turns; turn++)
    for (const name of turn % 2 === 0 ? Object.keys(contenders) : Object.keys(contenders).reverse()) {
      const { seconds, writeSeconds } = await contenders[name]({ client, peers, content, turn });
      const line = {
        benchmark: 'broadcast',
        turn,
        contender: name,
        seconds: significant(seconds),
        writeSeconds: significant(writeSeconds),
      };
      console.log(JSON.stringify({ ...line, megabytesPerSecond: significant(bytes / 1e6 / seconds), counts: turn > 0 }));
      if (turn > 0) readings[name].push(seconds);
    }
  report({ readings, reason: store.reason, profile, turns });
}

function report({ readings, reason, profile, turns }) {
  const [mine, peer] = [readings.ours, readings.peer].map((values) => (values.length === 0 ? null : median(values)));
  printResult({
    benchmark: 'broadcast',
    case: `${bytes / 1e6} MB to ${subscribers} subscribers`,
    unit: 's',
    ours: significant(mine),
    peer: peer === null ? null : significant(peer),
    peerName: '@nats-io/obj',
    ratio: peer === null ? null : significant(peer / mine),
    goal,
    seed,
    ...(peer === null ? { reason } : { peerRange: range(readings.peer).map((value) => significant(value)) }),
    oursRange: range(readings.ours).map((value) => significant(value)),
    turns,
    profile,
  });
}
