/** Goal: the list of a deployer's permissions is whole. Method: the templates against the document. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { deployerActions, type TemplateResource } from './deployer-actions.ts';
import type { JobManagerProps } from './job-manager-props.ts';
import { functionsFixture, synthesized } from './stack-fixture.ts';

const RESOURCES = new URL('../docs/aws/resources.md', import.meta.url);
const FUNCTIONS = functionsFixture();

/** Choices of the app that make other resources; named as in the document. */
const CHOICES: Readonly<Record<string, JobManagerProps>> = {
  'encryption=CUSTOMER_MANAGED': { encryption: 'CUSTOMER_MANAGED' },
  'destroyUserData=true': { destroyUserData: true },
  'reservedConcurrency=…': { reservedConcurrency: 4 },
  'jwtIssuer=…': { authorization: { issuer: 'https://i.example', audience: ['a'] } },
};

function actionsWith(props: JobManagerProps): readonly string[] {
  const { template } = synthesized(FUNCTIONS, () => ({ prefix: 'sluice', ...props }));
  const { Resources } = template.toJSON() as { Resources: Record<string, TemplateResource> };
  return deployerActions(Object.values(Resources));
}

const usual = actionsWith({});
const added = Object.fromEntries(
  Object.entries(CHOICES).map(([choice, props]) => [
    choice,
    actionsWith(props).filter((action) => !usual.includes(action)),
  ]),
);

/** `` | `s3` | `CreateBucket` … | ``, by the first cell. */
function documentedRows(): ReadonlyMap<string, readonly string[]> {
  const [, section = ''] = readFileSync(RESOURCES, 'utf8').split('## Permissions to deploy');
  const rows = (section.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \| (.*) \|$/gm);
  return new Map(
    [...rows].map(([, service = '', cell = '']) => [
      service,
      [...cell.matchAll(/`([^`]+)`/g)].map(([, action = '']) => action),
    ]),
  );
}

describe("a deployer's permissions", () => {
  it('are in the document for all that the template makes, changes and deletes', () => {
    const rows = documentedRows();
    const services = [...new Set(usual.map((action) => action.split(':')[0] ?? ''))];
    for (const service of services) {
      const actions = usual.filter((action) => action.startsWith(`${service}:`));
      const names = actions.map((action) => action.slice(service.length + 1));
      assert.deepEqual(rows.get(service), names, service);
    }
  });

  it('are in the document for what a choice adds', () => {
    const rows = documentedRows();
    for (const [choice, actions] of Object.entries(added)) {
      assert.deepEqual(rows.get(choice) ?? [], actions, choice);
    }
  });

  it('include those that were forgotten once, and no deletion of what stays', () => {
    assert.ok(usual.includes('lambda:DeleteFunctionEventInvokeConfig'));
    assert.ok(usual.includes('s3:DeleteBucketPolicy'));
    assert.ok(!usual.includes('s3:DeleteBucket') && !usual.includes('dynamodb:DeleteTable'));
    assert.ok(added['destroyUserData=true']?.includes('s3:DeleteBucket'));
  });

  it('are not guessed for a type that is not known', () => {
    assert.throws(() => deployerActions([{ Type: 'AWS::Glue::Job' }]), {
      code: 'RESOURCE_TYPE_UNKNOWN',
      message: /type=AWS::Glue::Job$/,
    });
  });
});
