/** Where the nats-server of this host is. Tests that need one skip with the reason when there is none. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where packages put it when PATH does not say. */
const FOLDERS: readonly string[] = ['/usr/sbin', '/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];

/** The path of nats-server: GEODESIC_NATS_SERVER, then PATH, then the usual folders; undefined when there is none. */
export function findNatsServer(): string | undefined {
  const named = process.env['GEODESIC_NATS_SERVER'];
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined;
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...onPath, ...FOLDERS].map((folder) => join(folder, 'nats-server')).find(isExecutable);
}

/** Why tests with a real nats-server cannot run here; undefined when they can. */
export function natsServerReason(): string | undefined {
  if (findNatsServer() !== undefined) return undefined;
  const named = process.env['GEODESIC_NATS_SERVER'];
  if (named !== undefined && named !== '') return `GEODESIC_NATS_SERVER names ${named}, which is no program`;
  return `no nats-server on PATH or in ${FOLDERS.join(', ')} (apt-get install nats-server, or set GEODESIC_NATS_SERVER)`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
