/**
 * mkdir -p that always answers: Node's own recursive mkdir never returns where the system refuses with ENOENT below a folder that
 * exists, as /proc does.
 */
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a folder and the folders above it; one that is there already is fine. @throws {NodeJS.ErrnoException} the system's refusal */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    if (!(await exists(parent))) await makeFolder(parent);
    // Others may make the same folders at the same time.
    await mkdir(path).catch((refusal: NodeJS.ErrnoException) => {
      if (refusal.code !== 'EEXIST') throw refusal;
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
