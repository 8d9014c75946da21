export { expectClose, type Tolerance } from './expect-close.ts';
export { flat, loadGolden, rowsOf, type GoldenCase, type GoldenFile, type Nested } from './golden.ts';
export { findSoftwareAdapter, type SoftwareAdapter } from './software-adapter.ts';
export { idx, writeIdxFiles } from './idx-files.ts';
export { findNatsServer, natsServerReason } from './nats-binary.ts';
export { NatsCluster } from './nats-cluster.ts';
export { NatsServer, type NatsServerOptions } from './nats-server.ts';
