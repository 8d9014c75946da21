// `npm test`: prepares the checkout, builds every project once and runs the tests; arguments go to vitest (`npm test -- libs/linalg`).
// `npm run test:extended` (`--extended`) runs the long ones instead, and those that need optional parts; what is absent is skipped loudly.
import { join } from 'node:path';
import { PrepareError, prepare, root, runMain, runProgram } from './install.mjs';

async function build(adopt) {
  const nx = [join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build'];
  const { code, output } = await runProgram(process.execPath, nx, { quiet: true, adopt, env: { NX_DAEMON: 'false', NX_NO_CLOUD: 'true' } });
  if (code !== 0) throw new PrepareError(`${output}\nnx run-many -t build failed with code ${code}`);
}

await runMain(async () => {
  await prepare({ build });
  const [first, ...others] = process.argv.slice(2);
  const [projects, args] = first === '--extended' ? [['extended'], others] : [['unit', 'cluster'], process.argv.slice(2)];
  const chosen = projects.flatMap((project) => ['--project', project]);
  const { code } = await runProgram(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...chosen, ...args]);
  return code;
});
