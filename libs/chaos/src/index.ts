export { ChaosError } from './errors.ts';
export { DEFAULT_WEIGHTS, faultSchedule, type FaultKind, type FaultScheduleOptions, type ScheduledFault } from './fault-schedule.ts';
export { ChaosProxy, type ChaosProxyOptions, type ConnectionReport } from './proxy/chaos-proxy.ts';
export type { ByteFlip, ConnectionFaults, Direction, DirectionFaults, ProxyClock, ProxyFaults } from './proxy/proxy-faults.ts';
export { shellCutPoints, type CutPoint } from './simulation/cut-point.ts';
export { plantedBugs, type PlantedBug } from './simulation/planted-bug.ts';
export { describeFailure, runSchedules, type SchedulesOptions, type SchedulesReport } from './simulation/run-schedules.ts';
export { simulate, type Outcome, type SimulationOptions } from './simulation/simulate.ts';
export type { Strike } from './simulation/strike-plan.ts';
