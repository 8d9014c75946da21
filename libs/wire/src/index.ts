/** gRPC between coordinator, workers and tools, with plain values at its surface. */
export { CHUNK_BYTES, parseAddress } from './channel.ts';
export { asWireError, WireError } from './errors.ts';
export type { WireErrorCode } from './errors.ts';
export { connectExchange } from './exchange-client.ts';
export type { ContributeOptions, ExchangeClient, FollowOptions } from './exchange-client.ts';
export type { ExchangeService } from './exchange-server.ts';
export type {
  ArteryStatus,
  ContributeAck,
  ContributionHeader,
  ControlRequest,
  CoordinatorMessage,
  Fingerprint,
  Fork,
  HeldPosition,
  ParameterFrame,
  RunEvent,
  RunStatus,
  Snapshot,
  Submission,
  Update,
  WireBlock,
  WireCombination,
  WireContribution,
  WireRound,
  WireRoundInputs,
  WireRoundPlan,
  WorkerMessage,
} from './messages.ts';
export { bytesOf, floatsOf } from './floats.ts';
export { leaderOf, NOT_LEADER, notLeader } from './not-leader.ts';
export { updatePayload } from './parameter-frames.ts';
export { MAXIMUM_LAG, ParameterPublisher } from './parameter-publisher.ts';
export type { FollowerSink } from './parameter-publisher.ts';
export { connectRuns } from './runs-client.ts';
export type { RunsClient } from './runs-client.ts';
export type { RunsService } from './runs-server.ts';
export { serveWire } from './server.ts';
export type { ServeOptions, WireServer } from './server.ts';
export { openSession } from './session-client.ts';
export type { SessionLink } from './session-client.ts';
export type { SessionHandler, SessionPeer, SessionService } from './session-server.ts';
export type { Traffic } from './traffic.ts';
export { PROTOCOL_VERSION, refuseVersion, STATE_VERSION } from './versions.ts';
