/**
 * Reads fields of an event's data. Events come from another process, perhaps of another version, so a field that is missing or of another
 * type reads as empty instead of ending the view.
 */
import type { RunEvent } from '@geodesic/wire';

type EventData = RunEvent['data'];

/** A text field, or ''. */
export function readText(data: EventData, field: string): string {
  const value = data[field];
  return typeof value === 'string' ? value : '';
}

/** A numeric field, or 0. */
export function readNumber(data: EventData, field: string): number {
  const value = data[field];
  return typeof value === 'number' ? value : 0;
}

/** The numbers in an object field. */
export function readNumbers(data: EventData, field: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(readObject(data, field)).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** An object field, or {}. */
export function readObject(data: EventData, field: string): Readonly<Record<string, unknown>> {
  const value = data[field];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The objects in a list field, or []. */
export function readObjects(data: EventData, field: string): readonly EventData[] {
  const value = data[field];
  const isObject = (item: unknown): item is EventData => typeof item === 'object' && item !== null && !Array.isArray(item);
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The texts in a list field, or []. */
export function readTexts(data: EventData, field: string): readonly string[] {
  const value = data[field];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
