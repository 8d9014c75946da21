/** One schedule of faults from a seed, run to its end and judged. */
import { seeded, seedOf } from '../seeded-draw.ts';
import { CALM, drawRates } from './fault-rates.ts';
import type { FaultRates } from './fault-rates.ts';
import { FaultDriver } from './fault-driver.ts';
import { plantedBugs } from './planted-bug.ts';
import type { PlantedBug } from './planted-bug.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import type { Strike } from './strike-plan.ts';
import { referenceRun } from './toy/reference-run.ts';

/** Options of {@link simulate}. */
export interface SimulationOptions {
  /** Everything is drawn from it. */
  readonly seed: number;
  /** Steps of the training; default 7. */
  readonly steps?: number;
  /** A defect that is there on purpose; default none. */
  readonly plant?: PlantedBug;
  /** `calm`: no fault at all. Default: faults as the seed draws them. */
  readonly weather?: 'calm' | 'drawn';
  /** Workers at the start; default 1 to 5, as the seed draws them. */
  readonly workers?: number;
  /** Steps from one checkpoint to the next; default 1 to 3, as the seed draws them. */
  readonly checkpointEvery?: number;
  /** Deaths of everything, at places on purpose; default none. */
  readonly strikes?: readonly Strike[];
}

/** What a schedule led to. */
export interface Outcome {
  readonly seed: number;
  /** What was wrong; undefined when every promise was kept. */
  readonly failure?: string;
  readonly events: number;
  /** Virtual ms. */
  readonly durationMs: number;
  /** How often what happened. */
  readonly counts: Readonly<Record<string, number>>;
  /** What happened last, oldest first. */
  readonly lastEvents: readonly string[];
}

const STEPS = 7;
/** A schedule that needs more does not end. */
const MAX_EVENTS = 60_000;

/** Runs a schedule. Never throws: what goes wrong is the outcome's `failure`. */
export function simulate(options: SimulationOptions): Outcome {
  const { seed, steps = STEPS, plant, weather = 'drawn' } = options;
  const draw = seeded(seedOf(seed, 1));
  const rates: FaultRates = weather === 'calm' ? CALM : drawRates(seeded(seedOf(seed, 2)));
  const checkpointEvery = options.checkpointEvery ?? 1 + Math.floor(draw() * 3);
  const defects = plant ? plantedBugs[plant].defects : {};
  const cluster = new SimulatedCluster({
    steps,
    checkpointEvery,
    draw,
    rates,
    defects,
    reference: referenceRun(steps),
    strikes: options.strikes ?? [],
  });
  const failure = run(cluster, () => {
    cluster.start(options.workers ?? 1 + Math.floor(draw() * 5));
    new FaultDriver(cluster, seeded(seedOf(seed, 3)), rates).start();
  });
  const { queue, counts, lastEvents } = cluster;
  return { seed, ...(failure !== undefined && { failure }), events: queue.happened, durationMs: queue.now, counts, lastEvents };
}

function run(cluster: SimulatedCluster, start: () => void): string | undefined {
  try {
    start();
    while (!cluster.isCompleted) {
      if (cluster.queue.happened >= MAX_EVENTS) return `no end after ${MAX_EVENTS} events (livelock)`;
      cluster.queue.step();
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}
