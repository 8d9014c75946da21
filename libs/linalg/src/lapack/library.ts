/**
 * LAPACK as a shared library of the machine, called through koffi. Everything is Fortran's: arguments by address, matrices by columns,
 * 32-bit integers. OpenBLAS is told to use one thread, since the number of threads decides bits.
 */
import { LapackUnavailableError } from '../errors.ts';

/** Names that the dynamic loader is asked for, in order. */
const candidates = ['libopenblas.so.0', 'liblapack.so.3', 'libopenblas.dylib', 'libopenblas.dll'] as const;

/** A Fortran routine: strings, and typed arrays that it may write to. */
export type Routine = (...args: readonly (string | Int32Array | Float64Array | Float32Array)[]) => void;

/** An open library. */
export interface LapackLibrary {
  /** What was opened. */
  readonly name: string;
  /** The version that it tells of itself, with the processor it chose its code for; empty where it tells nothing. */
  readonly version: string;
  /** A routine whose `parameters` are koffi's C types. */
  readonly routine: (name: string, parameters: readonly string[]) => Routine;
}

/** Opens the library. @throws {LapackUnavailableError} saying what is missing */
export async function openLibrary(asked?: string): Promise<LapackLibrary> {
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new LapackUnavailableError('the npm package koffi is not installed (npm install koffi)', { cause });
  });
  const failures: string[] = [];
  for (const name of asked === undefined ? candidates : [asked]) {
    try {
      const handle = koffi.load(name);
      const routine = (symbol: string, parameters: readonly string[]): Routine => handle.func(symbol, 'void', [...parameters]);
      routine('dpotrf_', ['const char *', 'int *', 'double *', 'int *', 'int *']);
      return { name, version: configureOpenBlas(handle), routine };
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw new LapackUnavailableError(`no library with LAPACK: ${failures.join('; ')}`);
}

/** The part of koffi's handle that is used here. */
interface Handle {
  func(name: string, result: string, parameters: string[]): (...args: unknown[]) => unknown;
}

/** Fixes one thread and asks for the version; other libraries than OpenBLAS have neither routine. */
function configureOpenBlas(handle: Handle): string {
  const optional = (name: string, result: string, parameters: string[]): ((...args: unknown[]) => unknown) | undefined => {
    try {
      return handle.func(name, result, parameters);
    } catch {
      // The symbol is OpenBLAS's own: reference LAPACK has no threads to set and no version to tell.
      return undefined;
    }
  };
  optional('openblas_set_num_threads', 'void', ['int'])?.(1);
  const config = optional('openblas_get_config', 'const char *', [])?.();
  const core = optional('openblas_get_corename', 'const char *', [])?.();
  return [config, core].filter((part) => typeof part === 'string').join(' ');
}
