/**
 * `@geodesic/linalg/lapack`: the same operations on a LAPACK of the machine, asked for explicitly and recorded in the fingerprint. Needs
 * the optional package koffi.
 */
import { LapackUnavailableError } from '../errors.ts';
import { linalgOn, type Linalg } from '../linalg.ts';
import { openLapackBackend } from './backend.ts';
import { openLibrary } from './library.ts';

export { LapackUnavailableError } from '../errors.ts';

/** Options of {@link openLapack}. */
export interface LapackOptions {
  /** Name or path of the shared library; default: the first of libopenblas.so.0, liblapack.so.3 and their like that loads. */
  readonly library?: string;
}

/** Whether LAPACK can be used here. */
export interface LapackProbe {
  readonly available: boolean;
  /** The library and its version. */
  readonly version?: string;
  /** Why not. */
  readonly reason?: string;
}

/**
 * Linear algebra on LAPACK, one thread.
 * @throws {LapackUnavailableError} when koffi or the library is missing
 */
export async function openLapack(options: LapackOptions = {}): Promise<Linalg> {
  return linalgOn(openLapackBackend(await openLibrary(options.library)));
}

/** Asks whether {@link openLapack} would succeed. */
export async function probeLapack(options: LapackOptions = {}): Promise<LapackProbe> {
  try {
    const { name, version } = await openLibrary(options.library);
    return { available: true, version: `${name} ${version}`.trim() };
  } catch (error) {
    if (error instanceof LapackUnavailableError) return { available: false, reason: error.message };
    throw error;
  }
}
