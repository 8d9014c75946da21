/** Which errors are the disk's: they pass when somebody frees space or mends a device, so a run waits for them. */

const FAULTS: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENODEV',
  'ENOMEM',
  'ENOSPC',
  'ENXIO',
  'EROFS',
  'ETIMEDOUT',
]);

/** The disk's own error behind an error, or undefined when something else is wrong. */
export function storageFaultOf(error: unknown): NodeJS.ErrnoException | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && FAULTS.has(code)) return cause;
  }
  return undefined;
}
