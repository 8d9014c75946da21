export { MeasurementsError } from './errors.ts';
export { createLogger, LOG_LEVELS, type LogFields, type Logger, type LoggerOptions, type LogLevel, silentLogger } from './logger.ts';
export { type Append, type MeasurementRecord, type MeasurementsFile, MeasurementsWriter, parseMeasurements } from './measurements.ts';
export { median, type Progress, ProgressEstimator } from './progress.ts';
export { renderRunPicture, type RunPictureMeta } from './run-picture.ts';
export { collectSeries, type Point, type RunSeries } from './series.ts';
export { formatBytes, formatDuration, progressBar, sparkline } from './terminal.ts';
