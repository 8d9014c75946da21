export { buildBundle, type BuiltBundle, type BundleSummary } from './build-bundle.ts';
export { errorEnvelope, successEnvelope, type ErrorEnvelope, type SuccessEnvelope } from './envelope.ts';
export { CliError } from './errors.ts';
export { EXIT, type ExitCode } from './exit-code.ts';
