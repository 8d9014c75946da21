/** Files and names that survive a power cut once the promise resolves. */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a whole file under a temporary name, syncs it and renames it: it is whole or absent. */
export async function writeDurably(path: string, content: Uint8Array | string): Promise<void> {
  const staging = `${path}.tmp`;
  await writeSynced(staging, content);
  await rename(staging, path);
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeSynced(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
