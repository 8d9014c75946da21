#!/usr/bin/env node
// Stands in the repository (dist does not), so that npm links `geo` on a fresh install.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  console.error('error: geo: expected a built checkout, got no apps/cli/dist (run npm run build)');
  process.exitCode = 70;
}
