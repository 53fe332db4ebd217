/** The files of jobs on AWS: objects in S3, and no others. */
import { type FileSystem, StreamError } from '../../core/index.ts';
import { RoutedFileSystem } from './routed-file-system.ts';

/**
 * Files that sources and sinks of a deployed job use. A function's own disk is nobody's: what is
 * written there is gone with the process, and no other slot sees it. So every call for a path that
 * is not `s3://…` is refused.
 *
 * @throws {StreamError} of every call, `LOCATION_NOT_ON_AWS`, kind `invalid`.
 */
export function jobFilesOnAws(s3: FileSystem): FileSystem {
  return new RoutedFileSystem(NO_LOCAL_FILES, s3);
}

const refused = async (path: string): Promise<never> => {
  throw new StreamError({
    kind: 'invalid',
    code: 'LOCATION_NOT_ON_AWS',
    message:
      'a job on AWS reads and writes files in S3 only: write s3://bucket/key, copy its input ' +
      `there first, and grant the bucket to the cluster; path=${path}`,
    details: { path },
  });
};

const NO_LOCAL_FILES: FileSystem = {
  stat: refused,
  list: refused,
  glob: refused,
  openRead: refused,
  openWrite: refused,
  makeDirectory: refused,
  publish: refused,
  remove: refused,
  absolute: (path) => path,
};
