/** Goal: the contract notices what is not as Flink's. Method: answers, whole and damaged. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FlinkContract } from './flink-contract.ts';

const contract = new FlinkContract();
const ROUTE = 'GET /jobs';
const JOB = { id: '0'.repeat(32), status: 'RUNNING' };

describe('FlinkContract', () => {
  it('has the routes of Flink 2.1', () => {
    assert.equal(contract.routes.length, 69);
    assert.ok(contract.routes.includes('GET /jobs/{jobid}/checkpoints/config'));
  });

  it('finds nothing wrong with an answer that is right', () => {
    assert.deepEqual(contract.problems(ROUTE, { status: 200, body: { jobs: [JOB] } }), []);
  });

  it('notices a status, a field that lacks, one too many, a wrong type and a wrong word', () => {
    const problemsOf = (body: unknown, status = 200): string =>
      contract.problems(ROUTE, { status, body }).join('\n');
    assert.match(problemsOf({ jobs: [] }, 202), /status 202, not 200/);
    assert.match(problemsOf({ jobs: [{ id: JOB.id }] }), /\/jobs\/0 .*required.*status/);
    assert.match(problemsOf({ jobs: [{ ...JOB, state: 1 }] }), /additional.*state/);
    assert.match(problemsOf({ jobs: [{ ...JOB, id: 7 }] }), /\/jobs\/0\/id must be string/);
    assert.match(problemsOf({ jobs: [{ ...JOB, status: 'GONE' }] }), /allowed values/);
  });

  it('compiles the shape of every route', () => {
    for (const route of contract.routes) {
      const problems = contract.problems(route, { status: 200, body: 7 });
      assert.ok(Array.isArray(problems), route);
    }
  });
});
