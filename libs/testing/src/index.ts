export { expectClose, type Tolerance } from './expect-close.ts';
export { flat, loadGolden, rowsOf, type GoldenCase, type GoldenFile, type Nested } from './golden.ts';
export { findSoftwareAdapter, type SoftwareAdapter } from './software-adapter.ts';
export { idx, writeIdxFiles } from './idx-files.ts';
