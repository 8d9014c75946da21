/** A coordinator for one run of a variant, in this process, with workers of its own in theirs. */
import { clusterPrograms } from '../../apps/cli/dist/cluster/programs.js';
import { ManagedProcess } from '../../apps/cli/dist/cluster/managed-process.js';
import { Lobby } from '../../apps/coordinator/dist/lobby.js';
import { serveWire, WireError } from '../../libs/wire/dist/index.js';
import { openVariant } from './variants.mjs';

/** Starts the run and its workers; resolves when it waits for its first turn. */
export async function startVariant({ budget, work, workers, runs }) {
  const lobby = new Lobby();
  let server;
  const variant = await openVariant({ budget, work, runs, traffic: () => server?.traffic ?? { bytesUp: 0, bytesDown: 0 } });
  const { run, gate } = variant;
  const exchange = {
    admit: (header) => run.pool.judge(header),
    contribute: (contribution) => run.pool.contribute(contribution),
    fetch: (digest) => run.object(digest),
    follow: () => run.publisher,
  };
  server = await serveWire({ host: '127.0.0.1', port: 0, session: lobby, exchange, runs: nobody });
  lobby.openRun(run.pool);
  const finished = run.run();
  await gate.arrived;
  const program = clusterPrograms().worker;
  const children = Array.from({ length: workers }, (_, i) => {
    const name = `worker-${i + 1}`;
    const child = new ManagedProcess({ name, program, args: ['--coordinator', server.address, '--name', name, '--exit-with-parent'] });
    child.discardOutput();
    return child;
  });
  for (const { name, log, exited } of children)
    void exited.then(({ code }) => code === 0 || Promise.reject(new Error(`S7: ${name} ended with ${code}: ${log.lastComplaint}`)));
  return {
    ...variant,
    /** Lets the run end and every process go. */
    async end() {
      gate.release();
      const { state, error } = await finished;
      await Promise.all(children.map(({ exited }) => exited));
      await server.close();
      if (state !== 'completed') throw new Error(`S7: expected a run that completes, got ${state}: ${error?.message ?? ''}`);
    },
  };
}

const refuse = () => {
  throw new WireError('REFUSED', 'expected nobody to ask a benchmark, got a call');
};
const nobody = { submit: refuse, watch: refuse, control: refuse, get: refuse };
