import { describe, expect, it } from 'vitest';
import { createLogger, type LogLevel } from '../src/index.ts';

/** A logger on a fixed clock and the lines that it wrote. */
function recordingLogger(level: LogLevel): { readonly logger: ReturnType<typeof createLogger>; readonly lines: string[] } {
  const lines: string[] = [];
  const now = (): Date => new Date(Date.UTC(2024, 0, 2, 3, 4, 5, 6));
  return { logger: createLogger({ component: 'worker', level, now, write: (line) => lines.push(line) }), lines };
}

describe('createLogger', () => {
  it('writes one JSON object a line, with the fields of its parents first', () => {
    const { logger, lines } = recordingLogger('info');
    logger.child({ run: 'r1' }).info('joined', { slots: 4 });
    expect(lines).toEqual([
      '{"at":"2024-01-02T03:04:05.006Z","level":"info","component":"worker","message":"joined","run":"r1","slots":4}\n',
    ]);
  });

  it('leaves out what is less severe than its level, in children too', () => {
    const { logger, lines } = recordingLogger('warn');
    for (const log of [logger, logger.child({})]) {
      log.debug('no');
      log.info('no');
      log.warn('yes');
      log.error('yes');
    }
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['warn', 'error', 'warn', 'error']);
  });

  it('writes errors with code and stack, and what JSON cannot say as text', () => {
    const { logger, lines } = recordingLogger('debug');
    logger.error('lost', { error: Object.assign(new RangeError('too far'), { code: 'E_FAR' }), loss: Number.NaN, bytes: 12n });
    expect(JSON.parse(lines[0])).toMatchObject({
      error: { name: 'RangeError', code: 'E_FAR', message: 'too far', stack: expect.stringContaining('too far') as string },
      loss: 'NaN',
      bytes: '12',
    });
  });
});
