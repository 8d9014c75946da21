// `npm start`: prepares the checkout and trains the example on a local cluster; further arguments go to `geo run`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PrepareError, prepare, root, runMain, runProgram } from './install.mjs';

async function build(adopt) {
  if (!existsSync(join(root, 'apps/cli/dist/main.js'))) console.error('Building ...');
  const { code, output } = await runProgram(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
    quiet: true,
    adopt,
  });
  if (code !== 0)
    throw new PrepareError(`${output}\ntsc -b: expected a build without errors, got those above (is the checkout unchanged? git status)`);
}

await runMain(async () => {
  await prepare({ build });
  const geo = ['--enable-source-maps', join(root, 'apps/cli/dist/main.js'), 'run', join('examples', 'digits-ndm.yaml')];
  const { code } = await runProgram(process.execPath, [...geo, ...process.argv.slice(2)]);
  return code;
});
