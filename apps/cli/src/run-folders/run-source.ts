/**
 * Where the run of a local cluster comes from: a spec that is traced and handed in, or a run folder whose run the coordinator takes up as
 * it starts.
 */
import type { RunSpec } from '@geodesic/run-spec';
import type { Fork } from '@geodesic/wire';
import type { BundleSummary } from '../build-bundle.ts';
import { buildInThread } from '../build-in-thread.ts';
import type { Resumption } from '../cluster/coordinator-process.ts';
import type { RunConnection, RunPlace } from '../run-connection.ts';
import type { RunHeader } from '../view/run-view.ts';

/** A run that can begin as soon as there is a coordinator. */
export interface PreparedRun {
  readonly header: RunHeader;
  /** Of a bundle that was built just now. */
  readonly summary?: BundleSummary;
  /** It was paused when its last coordinator was lost, and is to go on now. Default false. */
  readonly endsPause?: boolean;
  /** Hands the run in, or finds it. @throws {CliError} */
  begin(connection: RunConnection): Promise<RunPlace>;
}

/** Where a run comes from. */
export interface RunSource {
  /** The run that the coordinator takes up. */
  readonly resume?: Resumption;
  /** Makes what is needed while the processes start. @throws {CliError}, the signal's reason */
  prepare(signal: AbortSignal): Promise<PreparedRun>;
}

/** Options of {@link newRun}. */
export interface NewRunOptions {
  readonly spec: RunSpec;
  /** Named in errors about the spec. */
  readonly specPath: string;
  /** Where the spec's relative paths start; default the spec's folder. */
  readonly folder?: string;
  readonly fork?: Fork;
}

/** A run that is handed in. */
export function newRun({ spec, specPath, folder, fork }: NewRunOptions): RunSource {
  return {
    async prepare(signal) {
      const built = await buildInThread({ spec, specPath, ...(folder !== undefined && { folder }) }, signal);
      const { bundle, summary, spec: frozen } = built;
      return {
        header: { name: frozen.name, seed: frozen.seed, steps: summary.steps, batch: frozen.batch.examples },
        summary,
        begin: (connection) => connection.submit({ bundle, ...(fork && { fork }) }),
      };
    },
  };
}

/** Options of {@link resumedRun}. */
export interface ResumedRunOptions {
  readonly resume: Resumption;
  readonly place: RunPlace;
  readonly header: RunHeader;
  /** The first event that is news. */
  readonly fromSequence: number;
  /** See {@link PreparedRun}. */
  readonly endsPause: boolean;
}

/** A run that the coordinator takes up. */
export function resumedRun({ resume, place, header, fromSequence, endsPause }: ResumedRunOptions): RunSource {
  return {
    resume,
    prepare: async () => ({
      header,
      endsPause,
      begin: async (connection) => {
        connection.attach(place, { fromSequence });
        return place;
      },
    }),
  };
}
