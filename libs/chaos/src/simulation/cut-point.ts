/** Where a coordinator may die: between any two actions of its run, around every write, and while it takes a run over. */
import type { RunMachineAction } from '@geodesic/cluster';

/** A place. `before <action>`: the machine of the run has said so, and it has not been done. */
export type CutPoint = `before ${RunMachineAction['type']}` | (typeof shellCutPoints)[number];

/** The places that are no action of the run's machine. */
export const shellCutPoints = [
  'before reduce',
  'after journal',
  'torn append',
  'after write, before sync',
  'after sync, before announce',
  'before checkpoint sync',
  'before checkpoint rename',
  'after checkpoint rename',
  'after checkpoint folder sync',
  'take-over: claimed',
  'take-over: read',
  'take-over: term durable',
] as const;
