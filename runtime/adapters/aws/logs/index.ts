export {
  CloudWatchLogs,
  connectCloudWatchLogs,
  filterPattern,
  type LogEvent,
  type LogQuery,
} from './cloud-watch-logs.ts';
