/**
 * The IAM actions that the stores of this folder need, and no others: for grants, and the tests of
 * grants. A transaction needs the actions of its steps; a HEAD needs that of a GET.
 */

/** On the table of rows. */
export const ROW_ACTIONS = [
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:ConditionCheckItem',
] as const;

/** On the table of segments. */
export const SEGMENT_ACTIONS = [
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:PutItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
] as const;

/** On the objects of the bucket. */
export const OBJECT_ACTIONS = [
  's3:GetObject',
  's3:PutObject',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
] as const;

/** On the bucket itself. Without it S3 says of a missing object that access is denied. */
export const BUCKET_ACTIONS = ['s3:ListBucket'] as const;
