/** The table of roles and subjects in docs/nats.md says what infra/nats/permissions.conf gives, and nothing else. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rightsOfConfiguration, ROLES } from './nats-roles.ts';

type Right = 'publish' | 'subscribe';
/** `role right subject`, sorted. */
type Rights = readonly string[];

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The rows `| subject | what for | coordinator | ... |` whose cells are p (publish), s (subscribe), both or nothing. */
function rightsOfPage(text: string): Rights {
  const table = text.slice(text.indexOf('<!-- permissions: begin -->'), text.indexOf('<!-- permissions: end -->'));
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [header, , ...body] = rows;
  expect(header.slice(2)).toEqual([...ROLES]);
  const names: Readonly<Record<string, readonly Right[]>> = { '': [], p: ['publish'], s: ['subscribe'], 'p s': ['publish', 'subscribe'] };
  return body
    .flatMap(([subject, , ...cells]) =>
      cells.flatMap((cell, index) => names[cell].map((right) => `${ROLES[index]} ${right} ${subject.replaceAll('`', '')}`)),
    )
    .sort();
}

describe('the permissions of NATS', () => {
  const configured = rightsOfConfiguration()
    .map(({ role, right, subject }) => `${role} ${right} ${subject}`)
    .sort();

  it('are the same in docs/nats.md and in infra/nats/permissions.conf', () => {
    expect(rightsOfPage(read('docs/nats.md'))).toEqual(configured);
  });

  it('name no subject that is wider than a stream, a run or a type', () => {
    const wide = configured.filter((right) => /(?: | \$JS\.| \$JS\.API\.| \$KV\.| gd\.| _INBOX\.)(?:>|\*)$/.test(right));
    expect(wide).toEqual([]);
    for (const role of ROLES) expect(configured.filter((right) => right.startsWith(`${role} subscribe _INBOX`))).toHaveLength(1);
  });

  it('give every role of permissions.conf to one user with a password and one with an nkey', () => {
    for (const role of ROLES) {
      const [name, variable] = [role, role.toUpperCase()];
      expect(read('infra/nats/users.conf')).toContain(
        `{ user: ${name}, password: $GEODESIC_NATS_${variable}_PASSWORD, permissions: $${variable} }`,
      );
      expect(read('infra/nats/nkeys.conf')).toContain(`{ nkey: $GEODESIC_NATS_${variable}_NKEY, permissions: $${variable} }`);
    }
  });
});
