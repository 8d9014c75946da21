/** The name of a bundle: what record 0 of the log vouches for, and where workers fetch it. */
import { createHash } from 'node:crypto';

/** `sha256:` of a bundle. */
export function bundleDigestOf(bundle: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
}
