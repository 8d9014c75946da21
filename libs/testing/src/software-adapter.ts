/**
 * A Vulkan driver that computes on the processor (SwiftShader, part of Chromium), for tests of the WebGPU executor on hosts
 * without a graphics card. It shows correctness, never speed. On a host with one, GEODESIC_ADAPTER=host has the same tests run there.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where distributions put Chromium's parts. */
const FOLDERS: readonly string[] = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/usr/lib64/chromium-browser', '/opt/google/chrome'];

/** The environment of a process that uses the driver, or why there is none. */
export type SoftwareAdapter = { readonly env: Readonly<Record<string, string>> } | { readonly reason: string };

/** Looks for the driver in the places where it is installed; finds the host's own where GEODESIC_ADAPTER says so. The environment must be set before the process starts. */
export function findSoftwareAdapter(folders: readonly string[] = FOLDERS): SoftwareAdapter {
  if (process.env['GEODESIC_ADAPTER'] === 'host') return { env: {} };
  for (const folder of folders) {
    const driver = join(folder, 'vk_swiftshader_icd.json');
    // The folder holds the loader, too, which a host without a graphics driver lacks.
    if (existsSync(driver)) return { env: { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: folder } };
  }
  return {
    reason: `no vk_swiftshader_icd.json in ${folders.join(', ')} (apt-get install chromium-common, or node tools/install-optional.mjs)`,
  };
}
