// `npm test`: prepares the checkout, builds every project once and runs the tests; arguments go to vitest (`npm test -- libs/linalg`).
import { join } from 'node:path';
import { PrepareError, prepare, root, runMain, runProgram } from './install.mjs';

async function build(adopt) {
  const nx = [join(root, 'node_modules/nx/dist/bin/nx.js'), 'run-many', '-t', 'build'];
  const { code, output } = await runProgram(process.execPath, nx, { quiet: true, adopt, env: { NX_DAEMON: 'false', NX_NO_CLOUD: 'true' } });
  if (code !== 0) throw new PrepareError(`${output}\nnx run-many -t build failed with code ${code}`);
}

await runMain(async () => {
  await prepare({ build });
  const { code } = await runProgram(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)]);
  return code;
});
