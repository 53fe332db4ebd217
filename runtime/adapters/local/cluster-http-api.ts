/** What a route of the REST interface is, and what it works on. */
import type { Clock } from '../../core/index.ts';
import type { Dispatcher } from '../../jobmaster/index.ts';
import type { HttpAnswer, HttpRequest } from './cluster-http-records.ts';
import type { ClusterJars } from './cluster-jars.ts';
import type { ClusterOperations } from './cluster-operations.ts';

/** What the routes work on. */
export interface ClusterApi {
  readonly dispatcher: Pick<
    Dispatcher,
    | 'submit'
    | 'list'
    | 'get'
    | 'slots'
    | 'cancel'
    | 'savepoint'
    | 'cancelWithSavepoint'
    | 'stop'
    | 'checkpoint'
    | 'rescale'
    | 'disposeSavepoint'
  >;
  readonly operations: ClusterOperations;
  readonly jars: ClusterJars;
  readonly clock: Clock;
  readonly version: string;
  readonly dataDirectory: string;
  /** 32 hex digits. */
  readonly newId: () => string;
}

/** A route's place-holders, by name: `:jobid`. */
export type PathParameters = Readonly<Record<string, string>>;

export type RouteHandler = (
  api: ClusterApi,
  request: HttpRequest,
  parameters: PathParameters,
) => HttpAnswer | Promise<HttpAnswer>;

/** A path with place-holders: `/jobs/:jobid`. */
export type Route = readonly [method: string, path: string, handler: RouteHandler];
