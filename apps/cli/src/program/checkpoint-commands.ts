/** The commands about a run's checkpoints: `checkpoints list`, `pull`, `follow`. */
import { Option } from 'commander';
import type { FollowCheckpointsCommandOptions } from '../commands/follow-checkpoints.ts';
import { clusterOption, formatOption, fromOption, natsOption, runsOption, type AddCommand, type RunOptions } from './options.ts';

interface FollowOptions extends RunOptions, Pick<FollowCheckpointsCommandOptions, 'nats' | 'cluster' | 'to' | 'only'> {
  readonly prune?: true;
  readonly once?: true;
}

/** `geo checkpoints list|pull|follow`. */
export const addCheckpoints: AddCommand = (program, { io, answer }) => {
  const group = program.command('checkpoints').description("list a run's checkpoints, copy one out of its folder, or mirror them all");
  group
    .command('list [run]')
    .description('steps, sizes and digests of the checkpoints of a run, or of those in a folder')
    .option('--folder <dir>', 'a folder of checkpoints, such as a mirror, instead of a run')
    .addOption(runsOption())
    .addOption(formatOption(['text', 'json']))
    .action(async (run: string | undefined, { runs, format, folder }: RunOptions & { readonly folder?: string }) => {
      const { listCheckpointsCommand } = await import('../commands/checkpoints.ts');
      const where = { runsFolder: runs, ...(run !== undefined && { run }), ...(folder !== undefined && { folder }) };
      answer(await listCheckpointsCommand(where, io), format);
    });
  group
    .command('pull <run>')
    .description('copy a checkpoint into a folder of plain safetensors files that depends on nothing else')
    .requiredOption('--to <dir>', 'folder that receives the checkpoint; must not exist')
    .addOption(fromOption('which one (default: the newest good one)'))
    .addOption(runsOption())
    .addOption(formatOption(['text', 'json']))
    .action(async (run: string, { runs, format, to, from }: RunOptions & { readonly to: string; readonly from?: number }) => {
      const { pullCheckpointCommand } = await import('../commands/checkpoints.ts');
      answer(await pullCheckpointCommand({ run, runsFolder: runs, to, ...(from !== undefined && { step: from }) }), format);
    });
  group
    .command('follow <run>')
    .description('mirror the checkpoints of a run into a folder as they come, until the run is over; with NATS it need not have begun')
    .requiredOption('--to <dir>', 'folder that receives step-000050 and so on, and what they share in chunks; call it again to go on')
    .addOption(new Option('--only <what>', 'the parameters without the state of the optimiser').choices(['parameters']))
    .option('--prune', 'remove from the mirror what the run removes')
    .option('--once', 'mirror what there is now, and end')
    .addOption(natsOption())
    .addOption(clusterOption())
    .addOption(runsOption())
    .addOption(formatOption(['text', 'jsonl']))
    .action(async (run: string, { runs, prune, once, ...options }: FollowOptions) => {
      const { followCheckpointsCommand } = await import('../commands/follow-checkpoints.ts');
      const how = { prune: prune === true, once: once === true };
      answer(await followCheckpointsCommand({ run, runsFolder: runs, ...how, ...options }, io), 'text');
    });
  return group;
};
