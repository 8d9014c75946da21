/**
 * Own properties put on other people's objects for the time of one synchronous call.
 */

/** An object and the properties that it has during the call. */
export interface Override {
  readonly target: object;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Describes an override, checked against the target's type. */
export function override<T extends object>(target: T, properties: { readonly [K in keyof T]?: unknown }): Override {
  return { target, properties };
}

/** Runs `body` with all overrides in place and takes them back whatever happens, the last one first. */
export function withOverrides<T>(overrides: readonly Override[], body: () => T): T {
  const restore: (() => void)[] = [];
  try {
    for (const each of overrides) restore.push(apply(each));
    return body();
  } finally {
    for (const undo of restore.toReversed()) undo();
  }
}

function apply({ target, properties }: Override): () => void {
  const before = Object.keys(properties).map((key) => [key, Object.getOwnPropertyDescriptor(target, key)] as const);
  for (const [key, value] of Object.entries(properties)) Object.defineProperty(target, key, { value, configurable: true, writable: true });
  return () => {
    for (const [key, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, key, descriptor);
      else Reflect.deleteProperty(target, key);
    }
  };
}
