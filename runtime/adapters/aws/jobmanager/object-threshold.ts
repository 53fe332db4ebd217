import type { AwsPrices } from '../prices.ts';

/** The row's own writes double in a transaction. */
const UNITS_A_WRITE = 2;

/** Records of turns above this are put as objects for less than as a row of the size. */
export function objectThresholdBytes({ dynamoDb, s3 }: AwsPrices): number {
  const unitUsd = UNITS_A_WRITE * dynamoDb.writeUnitUsd;
  return Math.floor(s3.putUsd / unitUsd) * dynamoDb.writeUnitBytes;
}
