/**
 * The version of `geo`: that of its package.
 */
import { readFileSync } from 'node:fs';

/** Such as `0.1.0`. */
export const VERSION: string = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
