/** Checkpoints on the simulated disk: written to a temporary name, synced, renamed, and the folder synced; the process may die in between. */
import type { CutPoint } from './cut-point.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { decodeCheckpoint } from './toy/toy-checkpoint.ts';
import type { ToyCheckpoint } from './toy/toy-checkpoint.ts';

const PREFIX = 'checkpoints/step';

/** What writing one needs of its process. */
export interface CheckpointHost {
  readonly disk: SimulatedDisk;
  readonly later: (what: 'checkpoint', callback: () => void) => void;
  readonly cut: (place: CutPoint) => void;
}

/** The name of a checkpoint. */
export function checkpointName(step: number): string {
  return `${PREFIX}-${String(step).padStart(6, '0')}`;
}

/** The files that a disk has, for those that damage them. */
export function checkpointFiles(disk: SimulatedDisk): string[] {
  return disk.list(PREFIX);
}

/** Writes a checkpoint, one step after the other; `durable` is called at the end. A failed sync: there is none of this step. */
export function writeCheckpoint(host: CheckpointHost, checkpoint: { step: number; bytes: Uint8Array }, durable: () => void): void {
  const { disk, later, cut } = host;
  const name = checkpointName(checkpoint.step);
  const temporary = `tmp/${name}`;
  disk.remove(temporary);
  disk.append(temporary, checkpoint.bytes);
  later('checkpoint', () => {
    cut('before checkpoint sync');
    if (!disk.exists(temporary) || !disk.sync(temporary)) return;
    later('checkpoint', () => {
      cut('before checkpoint rename');
      if (!disk.exists(temporary)) return; // another coordinator has begun the same one anew
      disk.rename(temporary, name);
      cut('after checkpoint rename');
      later('checkpoint', () => {
        disk.syncFolder();
        cut('after checkpoint folder sync');
        durable();
      });
    });
  });
}

/** The newest sound checkpoint that is not beyond a step; how many were not sound. */
export function newestCheckpoint(disk: SimulatedDisk, atMost: number): { readonly checkpoint: ToyCheckpoint; readonly skipped: number } {
  let skipped = 0;
  for (const name of disk.list(PREFIX).reverse()) {
    if (name > checkpointName(atMost)) continue;
    const checkpoint = decodeCheckpoint(disk.read(name));
    if (checkpoint) return { checkpoint, skipped };
    skipped += 1;
  }
  throw new Error('no sound checkpoint');
}
