/**
 * The app that `npx cdk synth | diff | deploy` runs in a clone: builds the functions, then makes
 * one stack with one cluster. `app-settings.ts` says what it may be told. No Docker.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  App,
  CliCredentialsStackSynthesizer,
  DefaultStackSynthesizer,
  type IStackSynthesizer,
  Validations,
} from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { isStreamError, StreamError } from '../runtime/core/index.ts';
import { type AppSettings, appSettings } from './app-settings.ts';
import { JobManagerStack } from './job-manager-stack.ts';

const BUILD = fileURLToPath(new URL('../scripts/build-functions.ts', import.meta.url));

function synthesize(): void {
  const app = new App();
  const settings = appSettings({
    contextNames: Object.keys(app.node.getAllContext() as Record<string, unknown>),
    context: (name) => app.node.tryGetContext(name) as unknown,
    environment: process.env,
  });
  buildFunctions();
  // A finding ends the synthesis.
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  addStack(app, settings);
  app.synth();
}

function buildFunctions(): void {
  const { status } = spawnSync(process.execPath, [BUILD], { stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  const message = 'the functions could not be bundled: what esbuild says is above';
  throw new StreamError({ kind: 'invalid', code: 'FUNCTIONS_NOT_BUILT', message });
}

function addStack(app: App, settings: AppSettings): void {
  const { stackName, cluster, alarmTopicArn, usesCliCredentials } = settings;
  const synthesizer = usesCliCredentials
    ? new CliCredentialsStackSynthesizer()
    : new DefaultStackSynthesizer();
  new JobManagerStack(app, 'Sluice', {
    stackName,
    // CDK's own types disagree about an optional field.
    synthesizer: synthesizer as IStackSynthesizer,
    ...(alarmTopicArn === undefined ? {} : { alarmTopicArn }),
    cluster,
  });
}

try {
  synthesize();
} catch (error) {
  if (!isStreamError(error)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
