/**
 * What Flink 2.1 promises of its REST answers: routes, status codes, shapes. `flink-rest-2.1.json`
 * has the names and types of Flink's own OpenAPI description; where that is wrong, as Flink's code
 * and clients show, it is corrected here.
 *
 * I1  Every field of a shape has to be there (Flink's client refuses numbers that are not), and no
 *     other field may, but for those named here.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';

interface ContractRoute {
  readonly status: number;
  readonly schema?: object;
}

interface ObjectSchema {
  enum?: readonly string[];
  properties?: Record<string, object>;
  required?: string[];
  additionalProperties?: boolean | object;
  allOf?: readonly (ObjectSchema & { readonly $ref?: string })[];
  discriminator?: { readonly mapping: Readonly<Record<string, string>> };
}

interface Contract {
  readonly routes: Record<string, ContractRoute>;
  readonly schemas: Record<string, ObjectSchema>;
}

/** Fields that may be left out, by shape: Flink leaves them out, too, or its clients do not mind. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  ClusterOverviewWithVersion: ['taskmanagers-blocked', 'slots-free-and-blocked'],
  JobDetails: ['schedulerType'],
  JobDetailsInfo: ['stream-graph'],
  JobDetailsVertexInfo: ['slotSharingGroupId'],
  SubtaskExecutionAttemptDetailsInfo: ['other-concurrent-attempts'],
  SubtaskBackPressureInfo: ['other-concurrent-attempts'],
  PlanNode: ['inputs'],
  Node: ['inputs'],
  Plan: ['type'],
  Input: ['caching', 'local_strategy'],
  CheckpointStatistics: ['savepointFormat'],
  JobResult: ['failure-cause'],
  AsynchronousOperationInfo: ['failure-cause'],
  JobExecutionResultResponseBody: ['job-execution-result'],
};

/** Fields that the description does not have: of Flink's clients, and this project's own. */
const EXTRA: Readonly<Record<string, readonly string[]>> = {
  // Read by the dashboard; Flink's code has them.
  SubtaskExecutionAttemptDetailsInfo: ['start_time'],
  JobVertexBackPressureInfo: ['backpressure-level'],
  SubtaskBackPressureInfo: ['backpressure-level'],
  DashboardConfiguration: ['data-directory'],
  JobDetailsInfo: ['hibernation'],
  JobResult: ['accumulators'],
};

/** Fields that may be null: objects that are not there, and places of failures of the whole job. */
const NULLABLE: Readonly<Record<string, readonly string[]>> = {
  JarEntryInfo: ['description'],
  // Until there are samples.
  VertexFlameGraph: ['data'],
  // As long as there are no samples: of a job that has just begun, or has ended.
  JobVertexBackPressureInfo: ['backpressureLevel', 'end-timestamp'],
  LatestCheckpoints: ['completed', 'savepoint', 'failed', 'restored'],
  CompletedCheckpointStatistics: ['savepointFormat'],
  FailedCheckpointStatistics: ['savepointFormat'],
  PendingCheckpointStatistics: ['savepointFormat'],
  ExceptionInfo: ['taskName', 'endpoint', 'taskManagerId'],
  RootExceptionInfo: ['taskName', 'endpoint', 'taskManagerId'],
};
/** Of no checkpoint at all: a text, as Java's serializer writes what is no number. */
const PERCENTILE = { anyOf: [{ type: 'number' }, { const: 'NaN' }] };

/** What the wire has where the description is wrong. */
const CORRECTED: Readonly<Record<string, ObjectSchema>> = {
  // `localhost:35373-7a3f2b`, a container's name: any text.
  ResourceID: { type: 'string' } as ObjectSchema,
  ProcessingMode: { enum: ['exactly_once', 'at_least_once'] },
  JobConfigInfo: {
    properties: {
      jid: { $ref: '#/components/schemas/JobID' },
      name: { type: 'string' },
      'execution-config': { $ref: '#/components/schemas/ExecutionConfigInfo' },
    },
  },
  JobExecutionResultResponseBody: {
    properties: {
      status: { $ref: '#/components/schemas/QueueStatus' },
      'job-execution-result': { $ref: '#/components/schemas/JobResult' },
    },
  },
  JobResult: {
    properties: {
      id: { $ref: '#/components/schemas/JobID' },
      'application-status': { $ref: '#/components/schemas/ApplicationStatus' },
      'accumulator-results': { type: 'object' } as object,
      'net-runtime': { type: 'integer' } as object,
      'failure-cause': { type: 'object' } as object,
    },
  },
};

const METRICS: object = {
  type: 'array',
  items: {
    type: 'object',
    properties: { id: { type: 'string' }, value: { type: 'string' } },
    required: ['id'],
    additionalProperties: false,
  },
};
const AGGREGATES: object = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      id: { type: 'string' },
      ...Object.fromEntries(
        ['min', 'max', 'avg', 'sum', 'skew'].map((name) => [name, { type: 'number' }]),
      ),
    },
    required: ['id'],
    additionalProperties: false,
  },
};

export class FlinkContract {
  readonly #contract: Contract;
  readonly #ajv: Ajv;

  constructor() {
    const text = readFileSync(new URL('./flink-rest-2.1.json', import.meta.url), 'utf8');
    this.#contract = JSON.parse(text) as Contract;
    const { routes, schemas } = this.#contract;
    Object.assign(schemas, CORRECTED);
    for (const name of ['p50', 'p90', 'p95', 'p99', 'p999']) {
      Object.assign(schemas.StatsSummaryDto?.properties ?? {}, { [name]: PERCENTILE });
    }
    for (const schema of Object.values(schemas)) flatten(schema, schemas);
    for (const [name, schema] of Object.entries(schemas)) close(name, schema);
    for (const [name, schema] of Object.entries(schemas)) schemas[name] = asOneOf(schema);
    for (const [route, of] of Object.entries(routes)) {
      const isAggregate = /\/(jobs|taskmanagers|subtasks)\/metrics$/.test(route);
      const isList = /metrics$|\/watermarks$/.test(route);
      if (isAggregate) routes[route] = { ...of, schema: AGGREGATES };
      else if (isList) routes[route] = { ...of, schema: METRICS };
    }
    this.#ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    this.#ajv.addSchema({ $id: 'flink', components: { schemas } });
  }

  /** `GET /jobs/{jobid}`, each. */
  get routes(): readonly string[] {
    return Object.keys(this.#contract.routes);
  }

  /** What is wrong with an answer, in words; empty: nothing. */
  problems(route: string, answer: { readonly status: number; readonly body: unknown }): string[] {
    const expected = this.#contract.routes[route];
    if (expected === undefined) return [`${route} is no route of Flink`];
    const { status, schema } = expected;
    const ofStatus = answer.status === status ? [] : [`status ${answer.status}, not ${status}`];
    if (schema === undefined || ofStatus.length > 0) return ofStatus;
    const validate = this.#validator(schema);
    // As clients read it.
    if (validate(JSON.parse(JSON.stringify(answer.body)))) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      return `${instancePath || '/'} ${message} ${JSON.stringify(params)}`;
    });
  }

  #validator(schema: object): ValidateFunction {
    const absolute = JSON.stringify(schema).replaceAll('#/components', 'flink#/components');
    return this.#ajv.compile(JSON.parse(absolute) as object);
  }
}

/** What a shape inherits becomes its own. */
function flatten(schema: ObjectSchema, schemas: Contract['schemas']): void {
  for (const part of schema.allOf ?? []) {
    const inherited = schemas[part.$ref?.split('/').at(-1) ?? ''];
    schema.properties = { ...schema.properties, ...inherited?.properties, ...part.properties };
  }
  delete schema.allOf;
}

/** I1. */
function close(name: string, schema: ObjectSchema): void {
  const { properties } = schema;
  if (properties === undefined) return;
  for (const field of EXTRA[name] ?? []) properties[field] = {};
  for (const field of NULLABLE[name] ?? []) {
    properties[field] = { anyOf: [properties[field], { type: 'null' }] };
  }
  const optional = [...(OPTIONAL[name] ?? []), ...(EXTRA[name] ?? [])];
  schema.required = Object.keys(properties).filter((field) => !optional.includes(field));
  schema.additionalProperties = false;
}

/** A shape of several kinds is one of them. */
function asOneOf(schema: ObjectSchema): ObjectSchema {
  const kinds = Object.entries(schema.discriminator?.mapping ?? {});
  if (kinds.length === 0) return schema;
  const oneOf = kinds.map(([className, $ref]) => ({
    allOf: [{ properties: { className: { const: className } } }, { $ref }],
  }));
  return { oneOf } as ObjectSchema;
}
