// Proves that package-lock.json covers every workspace: `npm ci --dry-run` must succeed without a "Missing" or an engine mismatch.
import { root, runMain, runProgram } from './install.mjs';

await runMain(async () => {
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const { code, output } = await runProgram(command, [...before, 'ci', '--dry-run', '--no-audit', '--no-fund'], {
    quiet: true,
    shell: process.platform === 'win32',
  });
  const complaints = output.split('\n').filter((line) => /\bMissing\b|EBADENGINE|EUSAGE|Unsupported engine/.test(line));
  for (const complaint of complaints) console.error(complaint);
  if (code !== 0 && complaints.length === 0) console.error(output);
  console.log(
    `npm ci --dry-run in ${root}: ${complaints.length === 0 && code === 0 ? 'complete' : 'incomplete (run npm install and commit package-lock.json)'}`,
  );
  return complaints.length === 0 ? code : 1;
});
