/** The roles of infra/nats for tests: their environment, their texts for a server of the tests, and a connection of each. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connectNats, type NatsClient } from '@geodesic/events';
import type { NatsServer } from '@geodesic/testing';
import { nkeys } from '@nats-io/transport-node';

/** Who there is. */
export const ROLES = ['coordinator', 'observer', 'evaluator', 'worker', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** A variable for everything that the files name but certificates; passwords are new for every process of tests. */
export function natsEnvironment(store: string): Readonly<Record<string, string>> {
  const roles = ROLES.flatMap((role) => [
    [`GEODESIC_NATS_${role.toUpperCase()}_PASSWORD`, passwordOf(role)],
    [`GEODESIC_NATS_${role.toUpperCase()}_NKEY`, nkeys.createUser().getPublicKey()],
  ]);
  const routes = [1, 2, 3].map((index) => [`GEODESIC_NATS_ROUTE_${index}`, `nats://route:p1@127.0.0.1:622${index}`]);
  return {
    ...Object.fromEntries([...roles, ...routes]),
    GEODESIC_NATS_STORE: store,
    GEODESIC_NATS_NAME: 'n1',
    GEODESIC_NATS_LISTEN: '127.0.0.1:4222',
    GEODESIC_NATS_CLUSTER_LISTEN: '127.0.0.1:6221',
    GEODESIC_NATS_ROUTE_PASSWORD: 'p1',
  };
}

const secret = `p${randomBytes(12).toString('hex')}`;

/** The password of a role in this process. */
export function passwordOf(role: Role): string {
  return `${secret}${role}`;
}

/** The text of a file of infra/nats with what it includes in its place, and with values for its variables in capitals. */
export function configurationText(name: string, env: Readonly<Record<string, string>>): string {
  const text = readFileSync(new URL(`../../infra/nats/${name}`, import.meta.url), 'utf8');
  const whole = text.replace(/^include (\S+)$/gm, (_, file: string) => configurationText(file, {}));
  return whole.replace(/\$(GEODESIC_[A-Z0-9_]+)/g, (variable, key: string) =>
    env[key] === undefined ? variable : JSON.stringify(env[key]),
  );
}

/** The users of infra/nats/users.conf, for the configuration of a {@link NatsServer}. */
export function usersConfiguration(): string {
  return `authorization {\n${configurationText('users.conf', natsEnvironment(''))}\n}`;
}

/** What a role may do. */
export interface RoleRight {
  readonly role: string;
  readonly right: 'publish' | 'subscribe';
  readonly subject: string;
}

/** The lists of infra/nats/permissions.conf: `ROLE = { publish = [ ... ] subscribe = [ ... ] }`, comments left out. */
export function rightsOfConfiguration(): readonly RoleRight[] {
  const plain = configurationText('permissions.conf', {}).replace(/^\s*#.*$/gm, '');
  return [...plain.matchAll(/^([A-Z]+) = \{([\s\S]*?)^\}/gm)].flatMap(([, role, body]) =>
    [...body.matchAll(/(publish|subscribe) = \[([^\]]*)\]/g)].flatMap(([, right, list]) =>
      [...list.matchAll(/"([^"]+)"/g)].map(([, subject]) => ({ role: role.toLowerCase(), right: right as RoleRight['right'], subject })),
    ),
  );
}

/** A connection of a role. */
export function connectAs(role: Role, server: NatsServer): Promise<NatsClient> {
  const options = { servers: [server.url], cluster: 'main', replicas: 1, inboxPrefix: `_INBOX_${role}` };
  return connectNats({ ...options, user: role, password: passwordOf(role) }, { name: role });
}
