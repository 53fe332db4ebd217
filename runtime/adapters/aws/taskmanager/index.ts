export {
  type AttemptRecord,
  attemptLocation,
  readAttempt,
  writeAttempt,
} from './attempt-record.ts';
