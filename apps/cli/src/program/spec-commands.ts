/** The commands about a spec or this host, without a run: `validate`, `doctor`. */
import type { NatsFlags } from '../artery/nats-flags.ts';
import {
  clusterOption,
  formatOption,
  natsOption,
  overrideOption,
  runsOption,
  type AddCommand,
  type RunOptions,
  type SharedOptions,
} from './options.ts';

/** `geo validate`. */
export const addValidate: AddCommand = (program, { answer }) =>
  program
    .command('validate <spec>')
    .description('check a run spec and show it with every default filled in')
    .addOption(overrideOption())
    .addOption(formatOption())
    .action(async (specPath: string, { set, format }: SharedOptions & { readonly set: readonly string[] }) => {
      const { validateCommand } = await import('../commands/validate.ts');
      answer(await validateCommand({ specPath, overrides: set }), format);
    });

/** `geo doctor`. */
export const addDoctor: AddCommand = (program, { io, answer }) =>
  program
    .command('doctor')
    .description('check this host: Node, cores, memory, executors, ports, disk, NATS')
    .addOption(natsOption())
    .addOption(clusterOption())
    .addOption(runsOption())
    .addOption(formatOption())
    .action(async ({ runs, format, ...nats }: RunOptions & NatsFlags) => {
      const { doctorCommand } = await import('../commands/doctor.ts');
      answer(await doctorCommand({ runsFolder: runs, ...nats }, io), format);
    });
