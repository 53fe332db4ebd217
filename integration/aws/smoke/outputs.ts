import { join } from 'node:path';
import type { CdkApp, StackOutputs } from '../cdk-cli.ts';

/** The smoke stack's app. */
export const SMOKE_APP: CdkApp = { entry: join(import.meta.dirname, 'app.ts') };

const NAMES = [
  ...(['TableName', 'BucketName', 'ApiId', 'StandardUrl', 'FifoUrl'] as const),
  ...(['DeadLettersUrl', 'MachineArn', 'FunctionName'] as const),
];

/** What the stack says of itself. */
export type SmokeOutputs = Readonly<Record<(typeof NAMES)[number], string>>;

/** Picks the stack's outputs. @throws {Error} when one is missing. */
export function smokeOutputs({ Smoke = {} }: StackOutputs): SmokeOutputs {
  const missing = NAMES.filter((name) => Smoke[name] === undefined);
  if (missing.length > 0) throw new Error(`outputs are missing: ${missing.join(', ')}`);
  return Smoke as SmokeOutputs;
}
