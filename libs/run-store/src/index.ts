/** A run on disk: its folder, commit log, journal and who leads it. */
export { CommitLog, type CommitLogOptions, type TakenOver, type TakeOverOptions } from './commit-log.ts';
export { RunStoreError, type RunStoreErrorCode } from './errors.ts';
export { FailPoint, failPoint } from './fail-point.ts';
export { nodeFileSystem, type FileSystem, type OpenMode, type StoredFile } from './file-system.ts';
export { needsAdmission, type LogReplica, type ReplicatedRecord } from './log-replica.ts';
export { MirroredFolder, type MirroredFolderOptions } from './mirrored-folder.ts';
export { ReplicaQueue, type CopyPort, type ReplicaQueueOptions, type ReplicaStatus } from './replica-queue.ts';
export { replicatedRecord, rereadLog } from './replicated-record.ts';
export { Journal, type JournalOptions } from './journal.ts';
export { clearLeader, isAlive, readLeader, refuseLiveLeader, writeLeader, type LeaderRecord } from './leader-record.ts';
export { readLog } from './read-log.ts';
export { createRunFolder, prepareRunsFolder, RunFolder, type NewRun, type RunFileName } from './run-folder.ts';
export { storageFaultOf } from './storage-fault.ts';
export { StorageGuard, type StorageFailure, type StorageGuardOptions, type StorageMended } from './storage-guard.ts';
