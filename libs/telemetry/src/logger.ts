/**
 * Structured log lines: one JSON object a line with `at`, `level`, `component`, `message` and the fields that the caller adds.
 * Standard output belongs to results, so logs go to standard error unless told otherwise.
 */

/** Severities, least severe first. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line adds to its message; an Error is written as its name, code, message and stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines at and above a level. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** The program or part that speaks: `coordinator`, `worker`. */
  readonly component: string;
  /** The least severe level that is written; default info. */
  readonly level?: LogLevel;
  /** Receives one line with its newline; default standard error. */
  readonly write?: (line: string) => void;
  /** Default the system clock. */
  readonly now?: () => Date;
  /** Added to every line. */
  readonly fields?: LogFields;
}

/** Makes a logger. */
export function createLogger({ component, level = 'info', write = writeToStderr, now = systemClock, fields = {} }: LoggerOptions): Logger {
  const log =
    (severity: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(severity) < LOG_LEVELS.indexOf(level)) return;
      const line = { at: now().toISOString(), level: severity, component, message, ...fields, ...more };
      write(`${JSON.stringify(line, plainValue)}\n`);
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (more) => createLogger({ component, level, write, now, fields: { ...fields, ...more } }),
  };
}

/** A logger that says nothing, for tests and for callers that do not care. */
export function silentLogger(): Logger {
  return createLogger({ component: 'silent', write: () => undefined });
}

/** Makes JSON of what JSON cannot say: errors, big integers, numbers that are not finite. */
function plainValue(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack } = value;
    return { name, ...('code' in value ? { code: value.code } : {}), message, stack };
  }
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return value;
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}

function systemClock(): Date {
  return new Date();
}
