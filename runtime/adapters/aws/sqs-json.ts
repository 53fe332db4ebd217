/** Two code points that JSON has as they are, and that SQS takes in no text. */
const NOT_TAKEN = /[\uFFFE\uFFFF]/g;

/**
 * JSON as SQS takes it: what is in messages may come from users, an error's text or a result.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function sqsJson(value: object): string {
  return JSON.stringify(value).replace(NOT_TAKEN, (one) =>
    one === '\uFFFE' ? '\\ufffe' : '\\uffff',
  );
}
