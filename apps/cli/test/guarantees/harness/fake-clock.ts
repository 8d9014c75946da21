/**
 * A process whose wall clock a test may set while it runs, by libfaketime, where that is installed (Debian: package faketime); its monotonic
 * clock goes on as it is, as it does when somebody sets the clock of a machine.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './child.ts';

const NAME = 'faketime/libfaketimeMT.so.1';

/** The library's path; undefined where it is not installed. */
export function findFaketime(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const folders = ['/usr/lib', ...readdirSync('/usr/lib').map((folder) => join('/usr/lib', folder))];
  return folders.map((folder) => join(folder, NAME)).find((path) => existsSync(path));
}

/** The clock of one process. */
export class FakeClock {
  /** What the process must be started with. */
  readonly env: Environment;
  readonly #file: string;

  /** @param file does not exist yet @param library of {@link findFaketime} */
  constructor(file: string, library: string) {
    this.#file = file;
    this.set('+0');
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_RESET: '1',
    };
  }

  /** From now on the clock shows the time with this offset: `+3600`, `-3600`, `+0` seconds. */
  set(offset: string): void {
    writeFileSync(this.#file, `${offset}\n`);
  }
}
