export type { Alarms } from './alarms.ts';
export type { ClusterFunction } from './cluster-function.ts';
export type { DataBucket } from './data-access.ts';
export type { Functions } from './functions.ts';
export type { Api } from './http-api.ts';
export { type ClusterOutputs, JobManager } from './job-manager-construct.ts';
export type {
  Authorization,
  Encryption,
  JobManagerProps,
  JwtAuthorization,
} from './job-manager-props.ts';
export { JobManagerStack, type JobManagerStackProps } from './job-manager-stack.ts';
export type { ClusterNames, FunctionName } from './names.ts';
export type { Queues } from './queues.ts';
export type { StateMachines } from './state-machines.ts';
export type { Storage } from './storage.ts';
