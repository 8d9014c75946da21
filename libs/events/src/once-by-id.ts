/** Drops what was passed before: publishing is at least once, and a bus knows ids for a limited time. */
import type { StoredEvent } from './event-bus.ts';
import type { GeodesicEvent } from './event.ts';

/**
 * Passes each id once, in order.
 * @param options.remember ids of the newest events that are known, default 4096
 */
export async function* onceById<T extends GeodesicEvent | StoredEvent>(
  events: AsyncIterable<T>,
  { remember = 4096 }: { readonly remember?: number } = {},
): AsyncGenerator<T, void, undefined> {
  const known = new Set<string>();
  for await (const item of events) {
    const { id } = 'event' in item ? item.event : item;
    const isNew = !known.delete(id);
    known.add(id); // an id that comes again is a new one again
    if (known.size > remember) known.delete(known.values().next().value!);
    if (isNew) yield item;
  }
}
