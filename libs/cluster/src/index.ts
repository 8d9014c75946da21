export { announcementOf, type Announcement } from './announcement.ts';
export { applyUpdate, parametersChecksum } from './apply-update.ts';
export { assignSlots } from './assign-slots.ts';
export { BlockAccumulator, type BlockAccumulatorOptions } from './block-accumulator.ts';
export { blockEnd, blockKey, blockStart, dyadicBlocks, rootBlock, slotsOf, type Block } from './block.ts';
export { combine, type Combination, type CombinationReference } from './combination.ts';
export {
  decodeRecords,
  encodeRecord,
  GENESIS_HASH,
  LOG_START,
  startOf as startOfSegment,
  type DecodedLog,
  type EncodedRecord,
  type LogPosition,
} from './commit-log.ts';
export {
  addContributions,
  allFinite,
  codedSegments,
  emptyContribution,
  roundAtLevel,
  type Contribution,
  type ContributionShape,
} from './contribution.ts';
export { CommittedParameters, type CommittedStart, type CommittedUpdate } from './committed-parameters.ts';
export { CoordinatorMachine, type MemberState } from './coordinator-machine.ts';
export type {
  Assignment,
  ContributionResult,
  CoordinatorAction,
  CoordinatorEvent,
  CoverageEntry,
  WorkerStatus,
} from './coordinator-messages.ts';
export type { BackupOptions, CoordinatorOptions } from './coordinator-options.ts';
export { CHUNK_BYTES, chunkCrcs, initialChain, inputDigest, nextChain, nextCombinationChain, updateCrcs } from './digest.ts';
export { ProtocolError } from './errors.ts';
export { decodeJournalRecord, encodeJournalRecord, JOURNAL_FORMAT, JOURNAL_MAGIC } from './journal-codec.ts';
export type { JournalRecord } from './journal-record.ts';
export { scanJournal, type JournalIndexEntry, type JournalRead, type JournalScan } from './journal-scan.ts';
export { compareCommit, LogMismatchError } from './log-comparison.ts';
export { LOG_FORMAT } from './log-entries.ts';
export type {
  ControlAction,
  ControlEntry,
  Exactness,
  FingerprintEntry,
  FinishedEntry,
  LogEntry,
  LogRecord,
  RejectedEntry,
  RoundRecord,
  RunEntry,
  StepEntry,
  TermEntry,
} from './log-entries.ts';
export { joinSegments, type JoinedLog, type LogSegment } from './log-segments.ts';
export { commitsAfter, viewLog, type LogHead, type LogView } from './log-view.ts';
export { Membership, type Admission, type Fingerprint, type Member, type MembershipOptions, type Refusal } from './membership.ts';
export { ReductionTree, type TreeAnswer } from './reduction-tree.ts';
export {
  addressesOf,
  referTo,
  vectorDigest,
  vectorsOf,
  type PlannedInputs,
  type RoundInputs,
  type VectorReference,
} from './round-inputs.ts';
export { identityOf, planRound, sameRound, type PhasePlan, type Position, type RoundIdentity, type RoundPlan } from './round.ts';
export { RunMachine, type RunMachineOptions } from './run-machine.ts';
export type {
  CommittedStep,
  ControlRequest,
  CurvatureReport,
  Evaluation,
  RejectedAttempt,
  RunMachineAction,
  RunMachineEvent,
} from './run-messages.ts';
export type {
  Absorbed,
  ComputeRequest,
  ParameterUpdate,
  Rejection,
  RoundFailure,
  SlotComputer,
  Snapshot,
  StreamedUpdate,
  Trainer,
} from './training-interfaces.ts';
export { VectorCache } from './vector-cache.ts';
export { verifyLog, type LogReport } from './verify-log.ts';
export { WorkerMachine, type WorkerMachineOptions } from './worker-machine.ts';
export type { WorkerAction, WorkerEvent } from './worker-messages.ts';
