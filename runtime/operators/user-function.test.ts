import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperatorHarness } from '../testing/index.ts';
import { mapOperator } from './map-operator.ts';

const counting = () => ({
  opened: 0,
  open() {
    this.opened += 1;
  },
  map: (value: number) => value,
});

describe('UserFunction', () => {
  it('refuses an object with a life cycle that another operator has open', async () => {
    const shared = counting();
    const first = await OperatorHarness.oneInput(mapOperator(shared)).open();
    await assert.rejects(OperatorHarness.oneInput(mapOperator(shared)).open(), {
      code: 'FUNCTION_SHARED',
      message: /make an object for each operator/,
    });
    await first.operator.close();
    assert.equal(shared.opened, 1);
  });

  it('lets it be opened again once it is closed', async () => {
    const shared = counting();
    const first = await OperatorHarness.oneInput(mapOperator(shared)).open();
    await first.operator.close();
    await OperatorHarness.oneInput(mapOperator(shared)).open();
    assert.equal(shared.opened, 2);
  });

  it('lets a plain function serve many operators', async () => {
    const double = mapOperator((value: number) => value * 2);
    const first = await OperatorHarness.oneInput(double).open();
    const second = await OperatorHarness.oneInput(double).open();
    await first.operator.close();
    await second.operator.close();
    assert.notEqual(first, second);
  });
});
