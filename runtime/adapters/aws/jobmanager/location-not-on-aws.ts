import { StreamError } from '../../../core/index.ts';

/** A path of a function's own disk is nowhere. */
export function locationNotOnAws(location: string): StreamError {
  return new StreamError({
    kind: 'invalid',
    code: 'LOCATION_NOT_ON_AWS',
    message:
      'a job on AWS keeps checkpoints and savepoints in S3, and starts from there: write ' +
      `s3://bucket/…, and copy a local savepoint there first; location=${location}`,
    details: { location },
  });
}
