import { checkText, invalid } from '../api/index.ts';
import { operatorIdOfUid } from '../graph/index.ts';

/** Names an operator of a savepoint: by its uid, or by the id that was made of it. */
export class OperatorIdentifier {
  /** 32 hex digits. */
  readonly operatorId: string;
  /** Undefined where only the id is known. */
  readonly uid: string | undefined;

  private constructor(operatorId: string, uid: string | undefined) {
    this.operatorId = operatorId;
    this.uid = uid;
  }

  /** @throws {StreamError} `INVALID_NAME`. */
  static forUid(uid: string): OperatorIdentifier {
    checkText(uid, 'the uid of an operator');
    return new OperatorIdentifier(operatorIdOfUid(uid), uid);
  }

  /**
   * Of an operator without a uid, as `sluice savepoint check` and the plan of its job show it.
   *
   * @throws {StreamError} `INVALID_ARGUMENT` unless it is 32 hex digits.
   */
  static forUidHash(uidHash: string): OperatorIdentifier {
    if (typeof uidHash === 'string' && /^[0-9a-fA-F]{32}$/.test(uidHash)) {
      return new OperatorIdentifier(uidHash.toLowerCase(), undefined);
    }
    throw invalid('INVALID_ARGUMENT', 'the hash of a uid has 32 hexadecimal digits', uidHash);
  }

  /** For people. */
  get text(): string {
    return this.uid ?? `id ${this.operatorId}`;
  }
}

/** An operator by its identifier; a text is its uid. */
export type OperatorLike = OperatorIdentifier | string;

/** @throws {StreamError} `INVALID_NAME`, `INVALID_ARGUMENT`. */
export function identifierOf(operator: OperatorLike): OperatorIdentifier {
  if (operator instanceof OperatorIdentifier) return operator;
  if (typeof operator === 'string') return OperatorIdentifier.forUid(operator);
  const expected = 'an operator is named by its uid or by an OperatorIdentifier';
  throw invalid('INVALID_ARGUMENT', expected, operator);
}
