/**
 * The little of WebAssembly's JavaScript interface that is used here, typed: no library of browser types is among the project's.
 */

/** A module's memory; `buffer` is another one after every growth. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
  validate(bytes: Uint8Array): boolean;
}

const api = (globalThis as { readonly WebAssembly?: WebAssemblyApi }).WebAssembly;

/** Whether this machine's JavaScript takes the module: it has WebAssembly with 128-bit SIMD. */
export function validates(bytes: Uint8Array): boolean {
  return api?.validate(bytes) ?? false;
}

/** Compiles and starts a module that imports nothing. @throws {Error} when there is no WebAssembly */
export function instantiate(bytes: Uint8Array): object {
  if (!api) throw new Error('instantiate: expected WebAssembly, got a JavaScript without it (use the plain backend)');
  return new api.Instance(new api.Module(bytes)).exports;
}
