export { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts';
export { runSchedule, type ScheduleOutcome } from './scenario.ts';
export {
  checkSeed,
  runSchedules,
  type ScheduleFailure,
  type SimulationOptions,
  type SimulationSummary,
} from './simulate.ts';
