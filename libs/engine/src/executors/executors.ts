/**
 * Probing, opening and choosing executors.
 */
import { ExecutorError } from '../errors.ts';
import type { Executor } from '../executor.ts';
import { CATALOGUE, entryOf, type CatalogueEntry, type EngineName, type ExecutorOptions, type Presence } from './catalogue.ts';

/** What was found of one executor. */
export interface ExecutorProbe extends Presence {
  readonly name: EngineName;
  readonly deterministic: boolean;
}

/** What a run asks of its executor. */
export interface EngineNeeds {
  /** Default float32. */
  readonly precision?: 'float32' | 'float64';
  /** Default exact: only deterministic executors. */
  readonly exactness?: string;
}

/** Tries every executor, in the order in which `auto` likes them. Takes up to a few seconds where drivers are slow. */
export async function probeExecutors(): Promise<ExecutorProbe[]> {
  return Promise.all(CATALOGUE.map(async (entry) => ({ name: entry.name, deterministic: entry.deterministic, ...(await entry.probe()) })));
}

/** Opens an executor. @throws {ExecutorError} `unavailable` with the reason when it is not here or lacks what the options ask */
export async function openExecutor(name: EngineName, options: ExecutorOptions = {}): Promise<Executor> {
  const entry = entryOf(name);
  refuse(entry, options.precision ? { precision: options.precision, exactness: 'relaxed' } : { exactness: 'relaxed' });
  return entry.open(options);
}

/**
 * The executor that a run names: a name stays what it is, and may be absent here (workers may stand elsewhere); `auto` is the best
 * one that is present, suits the run and is no emulation of a graphics card.
 * @param probe asks whether an executor is present; default the catalogue's own
 * @throws {ExecutorError} when the named executor cannot do what the run needs
 */
export async function resolveEngine(
  engine: 'auto' | EngineName,
  needs: EngineNeeds = {},
  probe: (name: EngineName) => Promise<Presence> = (name) => entryOf(name).probe(),
): Promise<EngineName> {
  if (engine !== 'auto') {
    refuse(entryOf(engine), needs);
    return engine;
  }
  for (const entry of CATALOGUE) {
    if (lack(entry, needs) !== undefined || entry.name.startsWith('tfjs')) continue;
    const { available, software = false } = await probe(entry.name);
    if (available && !software) return entry.name;
  }
  return 'reference';
}

/** Why an executor does not suit. */
function lack({ deterministic, float64 }: CatalogueEntry, { precision = 'float32', exactness = 'exact' }: EngineNeeds): string | undefined {
  if (precision === 'float64' && !float64) return 'precision: float64, which it does not have';
  if (exactness !== 'relaxed' && !deterministic) return `exactness: ${exactness}, though its bits may differ from run to run`;
  return undefined;
}

function refuse(entry: CatalogueEntry, needs: EngineNeeds): void {
  const reason = lack(entry, needs);
  if (reason !== undefined) throw new ExecutorError(entry.name, { failure: 'unsuitable', reason });
}
