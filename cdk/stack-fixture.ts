/** A stack with a cluster, synthesized from bundles that are a line long. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { App, type Stack } from 'aws-cdk-lib/core';
import type { JobManager } from './job-manager-construct.ts';
import type { JobManagerProps } from './job-manager-props.ts';
import { JobManagerStack } from './job-manager-stack.ts';
import { FUNCTION_NAMES } from './names.ts';

export interface DraftedCluster {
  readonly app: App;
  readonly stack: Stack;
  readonly jobManager: JobManager;
}

export interface SynthesizedCluster extends DraftedCluster {
  readonly template: Template;
}

/** Properties of a resource in a template. */
export type Properties = Readonly<Record<string, unknown>>;

/** A folder with a bundle for each function; removed with the process. */
export function functionsFixture(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-functions-'));
  for (const name of FUNCTION_NAMES) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'index.mjs'), `export const handler = '${name}';\n`);
  }
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

type PropsOf = (app: App) => JobManagerProps;

/** A stack named `orders`, in no account or region yet. */
export function drafted(functionsDirectory: string, propsOf: PropsOf = () => ({})): DraftedCluster {
  const app = new App({ outdir: join(functionsDirectory, 'cdk.out') });
  const cluster = { functionsDirectory, ...propsOf(app) };
  const stack = new JobManagerStack(app, 'Sluice', { stackName: 'orders', cluster });
  return { app, stack, jobManager: stack.jobManager };
}

/** As {@link drafted}, with its template. */
export function synthesized(functionsDirectory: string, propsOf?: PropsOf): SynthesizedCluster {
  const draft = drafted(functionsDirectory, propsOf);
  return { ...draft, template: Template.fromStack(draft.stack) };
}

/** A resource's properties, by a part of its logical id. */
export function propertiesOf(template: Template, type: string, id: RegExp): Properties {
  const found = Object.entries(template.findResources(type)).filter(([key]) => id.test(key));
  if (found.length === 1) return found[0]?.[1].Properties as Properties;
  throw new Error(`${found.length} resources of this type and id: ${type} ${id}`);
}
