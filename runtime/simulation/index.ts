export { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';
export type { QuotaPeak } from './quota-meter.ts';
export { type QuotaCheckpoint, type QuotaRun, runQuotas } from './quota-run.ts';
export { runSchedule, type ScheduleOutcome } from './scenario.ts';
export {
  checkSeed,
  runSchedules,
  type ScheduleFailure,
  type SimulationOptions,
  type SimulationSummary,
} from './simulate.ts';
