/** The name of bytes by what they are: of a bundle, of a manifest, of everything that is broadcast or fetched by its content. */
import { createHash } from 'node:crypto';

/** `sha256:<64 hexadecimal digits>`. */
export function contentDigest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
