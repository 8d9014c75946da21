/**
 * Names in NATS: subjects, streams and the lease's bucket of a cluster `c` and a run `r`. One place, so that the permissions of a server can
 * be written from it.
 */
import { EventsError } from './errors.ts';

/** Subjects of events: of all runs, of one run, or of one type of one run; `type` without the prefix `geodesic.`. */
export function eventSubjects({ cluster, run, type }: { readonly cluster: string; readonly run?: string; readonly type?: string }): string {
  return `gd.ev.${cluster}.${run ?? '*'}.${type ?? '>'}`;
}

/** Where an event of a type is published. @throws {EventsError} OPTIONS when the run or the type cannot be part of a subject */
export function eventSubject(cluster: string, run: string, type: string): string {
  if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(type))
    throw new EventsError('OPTIONS', {
      what: 'type of an event',
      expected: 'words of a-z, 0-9 and hyphens between dots',
      got: type,
      hint: 'such as step.committed',
    });
  return `gd.ev.${cluster}.${checkRun(run)}.${type}`;
}

/** The run that an event's subject names. */
export function runOfEventSubject(subject: string): string {
  return subject.split('.')[3];
}

/** Where a part of an object is published; `hex` is the digest without `sha256:`, parts count from 0. */
export function partSubject(cluster: string, run: string, hex: string, part: number): string {
  return `gd.ob.${cluster}.${checkRun(run)}.${hex}.${part}`;
}

/** All parts of all objects of a run; the pointer is none. */
export function partSubjects(cluster: string, run: string): string {
  return `gd.ob.${cluster}.${checkRun(run)}.*.*`;
}

/** The object and part that a subject names; undefined for the pointer and anything else. */
export function partOfSubject(subject: string): { readonly hex: string; readonly part: number } | undefined {
  const match = /^gd\.ob\.[^.]+\.[^.]+\.([0-9a-f]{64})\.(0|[1-9][0-9]{0,6})$/.exec(subject);
  return match === null ? undefined : { hex: match[1], part: Number(match[2]) };
}

/** Where the newest checkpoint of a run is named. */
export function pointerSubject(cluster: string, run: string): string {
  return `gd.ob.${cluster}.${checkRun(run)}.latest`;
}

/** Where objects of a run are asked for. */
export function objectRequestSubject(cluster: string, run: string): string {
  return `gd.rq.${cluster}.${checkRun(run)}.object`;
}

/** The copy of a run's commit log. */
export function commitSubject(cluster: string, run: string): string {
  return `gd.cm.${cluster}.${checkRun(run)}`;
}

/** The copies of all runs. */
export function commitSubjects(cluster: string): string {
  return `gd.cm.${cluster}.*`;
}

/** The run that a subject of a copy names. */
export function runOfCommitSubject(subject: string): string {
  return subject.split('.')[3];
}

/** The stream of events. */
export function eventsStream(cluster: string): string {
  return `GD_EVENTS_${cluster}`;
}

/** The stream of objects. */
export function objectsStream(cluster: string): string {
  return `GD_OBJECTS_${cluster}`;
}

/** The stream of copies of commit logs. */
export function commitStream(cluster: string): string {
  return `GD_COMMIT_${cluster}`;
}

/** The bucket with the lease, under the key {@link LEASE_KEY}. */
export function leaseBucket(cluster: string): string {
  return `gd_lease_${cluster}`;
}

/** The key of the lease. */
export const LEASE_KEY = 'coordinator';

/** Whether a name can be that of a cluster: `[a-z0-9-]{1,40}`. */
export function isClusterName(name: string): boolean {
  return /^[a-z0-9-]{1,40}$/.test(name);
}

/** A run's id, which is part of subjects. @throws {EventsError} OPTIONS when it cannot be: wildcards would reach other runs */
function checkRun(run: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(run)) return run;
  throw new EventsError('OPTIONS', {
    what: 'run',
    expected: '1 to 64 letters, digits, hyphens or underscores',
    got: run,
    hint: 'geo list names the runs',
  });
}
