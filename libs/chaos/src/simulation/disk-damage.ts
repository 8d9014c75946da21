/** What may be wrong with files when a coordinator comes back; the log itself is only ever torn, as disks do it. */
import { pick } from '../seeded-draw.ts';
import type { Draw } from '../seeded-draw.ts';
import type { FaultRates } from './fault-rates.ts';
import { checkpointFiles, checkpointName } from './simulated-checkpoints.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { journalFiles } from './simulated-journal.ts';

/** What decides it. */
export interface DamageOptions {
  readonly draw: Draw;
  readonly rates: FaultRates;
  readonly note: (what: string) => void;
}

/** Now and then a journal file is lost or damaged, and the newest checkpoint damaged; never the first one. */
export function damageFiles(disk: SimulatedDisk, { draw, rates, note }: DamageOptions): void {
  const journal = draw() < rates.journalDamage ? pick(draw, journalFiles(disk)) : undefined;
  if (journal !== undefined) {
    note('journal damaged');
    if (draw() < 0.5) disk.remove(journal);
    else disk.damage(journal);
  }
  const checkpoint = checkpointFiles(disk).at(-1);
  if (draw() >= rates.checkpointDamage || checkpoint === undefined || checkpoint === checkpointName(0)) return;
  note('checkpoint damaged');
  disk.damage(checkpoint);
}

/** Only the log and the first checkpoint are left. */
export function loseAllButLog(disk: SimulatedDisk): void {
  for (const file of [...checkpointFiles(disk).slice(1), ...journalFiles(disk)]) disk.remove(file);
}
