// Watchalong's sync engine: plain TypeScript, no framework.
// Start with `SyncEngine`; in a page give it a `VideoPlayer` and `browserEnvironment()`.

export { SYNC_CLASSES, type SyncClass, type SyncClassName } from './classes';
export { ServerClock, type ClockReading, type ClockSample } from './clock';
export { Controller, type ControlAction, type ControlInput } from './controller';
export { MAX_CUT_S, SyncEngine, type SyncEngineOptions, type Transport } from './engine';
export { Measure, type Measurement } from './measure';
export type { TimelineCause } from './pursuit';
export type { Environment, FrameSample, Player, PlayerEvent, PlayerReading } from './player';
export { LearnedCost, StartCosts } from './start';
export { SwitchPlayer } from './switch-player';
export {
  percentile,
  type HistoryPoint,
  type LabSample,
  type LabSink,
  type SyncReport,
  type SyncState,
  type SyncStatus,
} from './telemetry';
export { checkTimeline, instantOf, isOver, positionAt, type Timeline } from './timeline';
export { browserEnvironment, VideoPlayer } from './video-player';
