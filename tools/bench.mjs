// `npm run bench -- <id> [--profile quick|full] [--python PATH] [--data DIR]`: builds and runs one benchmark, which prints one JSON line per case.
// Without an id it lists them. Installs nothing (`npm start` and `npm test` do); PyTorch is used where a Python has it, and data that is
// not part of the repository where `--data` or $GEODESIC_DATA names its folder.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { catalogue } from '../benchmarks/catalogue.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const PROFILES = ['quick', 'full'];
const USAGE = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  const asked = read(args);
  if (typeof asked === 'string') return refuse(asked);
  if (asked.id === undefined) {
    console.log('npm run bench -- <id> [--profile quick|full] [--python PATH] [--data DIR]\n');
    for (const [id, { title }] of Object.entries(catalogue)) console.log(`  ${id.padEnd(8)} ${title}`);
    return 0;
  }
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (tsc.status !== 0) return refuse('tsc -b: expected a build without errors, got those above (npm start installs what is missing)', 1);
  const { run } = await catalogue[asked.id].load();
  await run(asked);
  return 0;
}

/** The arguments, or what is wrong with them. */
function read(args) {
  const options = { profile: { type: 'string', default: 'quick' }, python: { type: 'string' }, data: { type: 'string' } };
  let parsed;
  try {
    parsed = parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    return error.message;
  }
  const { values, positionals } = parsed;
  const [id, ...more] = positionals;
  if (more.length > 0) return `expected one benchmark, got ${positionals.join(' ')}`;
  if (id !== undefined && !Object.hasOwn(catalogue, id)) return `id: expected one of ${Object.keys(catalogue).join(', ')}, got ${id}`;
  if (!PROFILES.includes(values.profile)) return `--profile: expected one of ${PROFILES.join(', ')}, got ${JSON.stringify(values.profile)}`;
  return { id, ...values };
}

function refuse(message, code = USAGE) {
  console.error(`bench: ${message}`);
  return code;
}
