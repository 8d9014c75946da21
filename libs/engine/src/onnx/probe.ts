/**
 * Whether a provider can be used here. WebGPU is tried in a process of its own: a graphics driver may print, hang or end its
 * process. CUDA is first looked for as files, since the runtime prints when they are missing.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ort from 'onnxruntime-node';
import type { OnnxExecutorName } from './providers.ts';
import { reasonOf } from './session-error.ts';

/** What was found. */
export interface OnnxProbe {
  readonly available: boolean;
  readonly version: string;
  /** Why not. */
  readonly reason?: string;
  /** WebGPU on the processor instead of a graphics card: for tests only. */
  readonly software?: boolean;
}

/** Longest time that a driver is waited for, ms. */
const PATIENCE = 20_000;

/** Asks whether an executor's provider can be used here; takes up to a second for WebGPU and CUDA. */
export async function probeOnnx(name: OnnxExecutorName): Promise<OnnxProbe> {
  const version = ort.env.versions.node ?? 'unknown';
  const backend = name.slice('onnx-'.length);
  if (!ort.listSupportedBackends().some((supported) => supported.name === backend))
    return { available: false, version, reason: `ONNX Runtime has no ${backend} provider on ${process.platform}-${process.arch}` };
  if (name === 'onnx-cpu') return { available: true, version };
  const reason = (name === 'onnx-cuda' ? missingCudaLibrary() : undefined) ?? (await tryInProcess(backend));
  if (reason !== undefined) return { available: false, version, reason };
  return { available: true, version, ...(name === 'onnx-webgpu' && { software: isSoftwareAdapter() }) };
}

function missingCudaLibrary(): string | undefined {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(dirname(require.resolve('onnxruntime-node'))), 'bin', 'napi-v6', process.platform, process.arch);
  const file = process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';
  if (existsSync(join(folder, file))) return undefined;
  return `${file} is not beside ONNX Runtime (install onnxruntime-node with ONNXRUNTIME_NODE_INSTALL=cuda12 and network)`;
}

/** Opens and runs a session of one operation in a process of its own; the reason of a failure. */
function tryInProcess(backend: string): Promise<string | undefined> {
  const script = fileURLToPath(new URL('../../bin/probe-provider.mjs', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, backend], { timeout: PATIENCE }, (error, stdout) => {
      if (!error) return resolve(undefined);
      const said = stdout.trim();
      if (said !== '') return resolve(reasonOf(said));
      resolve(
        error.killed
          ? `the driver did not answer within ${PATIENCE / 1000} s`
          : `the driver ended its process (${error.signal ?? error.code})`,
      );
    });
  });
}

/** On Linux an adapter without a graphics device, or a driver that is known to compute on the processor. */
function isSoftwareAdapter(): boolean {
  const driver = `${process.env.VK_ICD_FILENAMES ?? ''} ${process.env.VK_DRIVER_FILES ?? ''}`;
  if (/swiftshader|lvp|lavapipe/i.test(driver)) return true;
  if (process.platform !== 'linux') return false;
  const devices = existsSync('/dev/dri') ? readdirSync('/dev/dri') : [];
  return !existsSync('/dev/nvidia0') && !devices.some((device) => device.startsWith('renderD'));
}
