/**
 * What `geo doctor` concludes from what it found: each check is ok, warn (it works, not well) or fail (it does not), and says what to do.
 */
import { formatBytes } from '@geodesic/telemetry';
import type { ExecutorFact } from './executors.ts';
import type { NatsFacts, NatsServerFacts } from './nats.ts';

/** One line of the doctor's answer. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly found: string;
  /** What to do about it; '' when it is ok. */
  readonly remedy: string;
}

/** What was found on this host; sizes in bytes. */
export interface Facts {
  readonly nodeVersion: string;
  readonly cores: number;
  readonly memory: { readonly free: number; readonly total: number };
  readonly executors: readonly ExecutorFact[];
  /** Why a loopback connection failed, or undefined. */
  readonly loopbackProblem: string | undefined;
  readonly runs: {
    readonly folder: string;
    /** Why nothing can be written there, or undefined. */
    readonly problem: string | undefined;
    readonly free: number;
    /** A network file system, whose fsync and locks do not hold what a commit log needs. */
    readonly isNetwork: boolean;
  };
  readonly nats: NatsFacts;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MINIMUM_NODE = { major: 20, minor: 19 };

/** All checks, in the order in which a run would meet them. */
export function checksFor(facts: Facts): readonly Check[] {
  return [
    nodeCheck(facts),
    coreCheck(facts),
    memoryCheck(facts),
    executorCheck(facts),
    loopbackCheck(facts),
    folderCheck(facts),
    diskCheck(facts),
    natsCheck(facts),
  ];
}

function nodeCheck({ nodeVersion }: Facts): Check {
  const [major, minor] = nodeVersion.replace(/^v/, '').split('.').map(Number);
  const isEnough = major > MINIMUM_NODE.major || (major === MINIMUM_NODE.major && minor >= MINIMUM_NODE.minor);
  const remedy = `install Node ${MINIMUM_NODE.major}.${MINIMUM_NODE.minor} or newer from https://nodejs.org`;
  return isEnough ? ok('Node', nodeVersion) : { name: 'Node', status: 'fail', found: nodeVersion, remedy };
}

function coreCheck({ cores }: Facts): Check {
  const found = `${cores} ${cores === 1 ? 'core' : 'cores'}`;
  if (cores > 1) return ok('cores', found);
  return { name: 'cores', status: 'warn', found, remedy: 'a run works but its processes take turns: use --workers 1' };
}

function memoryCheck({ memory: { free, total } }: Facts): Check {
  const found = `${formatBytes(free)} free of ${formatBytes(total)}`;
  if (free >= GIB) return ok('memory', found);
  const remedy = 'a worker takes about 150 MB: close other programs or use fewer --workers';
  return { name: 'memory', status: free >= 256 * MIB ? 'warn' : 'fail', found, remedy };
}

/** The processor's executor is in every installation, and what exact runs are computed with. */
function executorCheck({ executors }: Facts): Check {
  const working = executors.filter(({ available, problem }) => available && problem === undefined).map(({ name }) => name);
  if (working.includes('onnx-cpu')) return ok('executors', working.join(', '));
  const native = executors.find(({ name }) => name === 'onnx-cpu');
  const remedy = 'run npm start, which repairs the installation; until then only engine: reference works, slowly';
  return {
    name: 'executors',
    status: 'warn',
    found: `${working.join(', ')}; onnx-cpu does not work: ${native?.reason ?? native?.problem ?? 'unknown reason'}`,
    remedy,
  };
}

function loopbackCheck({ loopbackProblem }: Facts): Check {
  if (loopbackProblem === undefined) return ok('loopback', 'listens and connects on 127.0.0.1');
  const remedy = 'coordinator and workers talk over 127.0.0.1: allow it in the firewall or sandbox';
  return { name: 'loopback', status: 'fail', found: loopbackProblem, remedy };
}

function folderCheck({ runs: { folder, problem, isNetwork } }: Facts): Check {
  if (problem !== undefined)
    return { name: 'runs folder', status: 'fail', found: `${folder}: ${problem}`, remedy: 'name another folder with --runs DIR' };
  const remedy = 'the commit log needs a local disk: name a folder on one with --runs DIR';
  if (isNetwork) return { name: 'runs folder', status: 'fail', found: `${folder} is on a network file system`, remedy };
  return ok('runs folder', `${folder} can be written`);
}

function diskCheck({ runs: { folder, problem, free } }: Facts): Check {
  if (problem !== undefined) return { name: 'disk', status: 'warn', found: 'unknown', remedy: 'mend the runs folder first' };
  const found = `${formatBytes(free)} free`;
  if (free >= GIB) return ok('disk', found);
  const remedy = `make room on the disk of ${folder}, or name a folder elsewhere with --runs DIR`;
  return { name: 'disk', status: free >= 100 * MIB ? 'warn' : 'fail', found, remedy };
}

const GET_NATS =
  'to let others hear a run, get nats-server: Linux: apt-get install nats-server or https://nats.io/download; macOS: brew install nats-server; ' +
  'Windows: scoop install nats-server; Kubernetes: helm repo add nats https://nats-io.github.io/k8s/helm/charts, helm install nats nats/nats; then nats-server -js and --nats URL';
/** A part of an object with its headers. */
const SMALLEST_PAYLOAD = 0.75 * MIB;

/** NATS is optional: a run is whole without it, so only what is configured wrongly fails. */
function natsCheck({ nats: { installed, configured, server, problem } }: Facts): Check {
  const warn = (found: string, remedy: string): Check => ({ name: 'NATS', status: 'warn', found, remedy });
  if (problem?.isFatal) return { ...warn(problem.message, problem.hint), status: 'fail' };
  if (problem !== undefined) return warn(problem.message, problem.hint);
  if (server === undefined) {
    const found = `not configured: events stay in process; nats-server ${installed === undefined ? 'is not installed' : `${installed} is installed`}`;
    return { ...ok('NATS', found), remedy: installed === undefined ? GET_NATS : '' };
  }
  const { publishing, reading, maxPayload } = server;
  const found = `${serverText(server)} at ${configured?.servers.join(', ') ?? ''}`;
  for (const right of [publishing, reading]) if (right !== 'allowed') return warn(`${found}; ${right.message}`, right.hint);
  if (maxPayload < SMALLEST_PAYLOAD)
    return warn(found, 'checkpoints go in parts of 512 KiB: set max_payload of nats-server to 1MB, its default');
  return ok('NATS', `${found}; may publish and read`);
}

function serverText({ version, maxPayload, streams }: NatsServerFacts): string {
  const sizes = streams.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`);
  const kept = sizes.length === 0 ? 'no streams yet' : sizes.join(', ');
  return `nats-server ${version} with JetStream, messages up to ${formatBytes(maxPayload)}, ${kept}`;
}

function ok(name: string, found: string): Check {
  return { name, status: 'ok', found, remedy: '' };
}
