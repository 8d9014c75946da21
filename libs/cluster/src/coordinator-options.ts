/** What can be set of a coordinator's protocol. Times are ms. Only `quorum` can change a bit, and only in relaxed runs. */
import type { DeadlineOptions } from './deadline.ts';
import { ProtocolError } from './errors.ts';
import type { MembershipOptions } from './membership.ts';

/** When an idle worker is asked for what a late one has, too. */
export type BackupOptions = DeadlineOptions;

/** Options of {@link CoordinatorMachine}. */
export interface CoordinatorOptions extends MembershipOptions {
  /** Distinct workers with corrupt contributions after which a round is given up; from one worker that is alone: contributions. Default 3. */
  readonly corruptLimit?: number;
  /** First cooldown of a quarantined worker, ms; doubles up to ten times as much; default 10 000. */
  readonly quarantineMs?: number;
  /** When the blocks of a late worker are also given to an idle one; false: never; default on. */
  readonly backup?: BackupOptions | false;
  /** Open work without progress after which it is given to others, ms; default 20 leases. */
  readonly stallMs?: number;
  /** Relaxed runs only: the share of the slots, in (0, 1], with which a round may close once its deadline has passed; absent: exact. */
  readonly quorum?: number;
}

/** @throws {ProtocolError} naming the option */
export function checkOptions({ corruptLimit = 3, stallMs = 1, quorum = 1, backup }: CoordinatorOptions): void {
  const positive = (name: string, value: number): void => {
    if (!(value > 0)) throw new ProtocolError(`CoordinatorMachine: ${name}`, 'a positive number', `${value}`);
  };
  positive('corruptLimit', corruptLimit);
  positive('stallMs', stallMs);
  if (!(quorum > 0 && quorum <= 1)) throw new ProtocolError('CoordinatorMachine: quorum', 'a share in (0, 1]', `${quorum}`);
  if (!backup) return;
  positive('backup.factor', backup.factor ?? 1);
  positive('backup.minimumMs', backup.minimumMs ?? 1);
}
