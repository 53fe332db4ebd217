import { type FileSystem, StreamError } from '../../core/index.ts';
import { isS3Location } from './s3-location.ts';

/** Files by their path: `s3://…` in S3, everything else on the machine. */
export class RoutedFileSystem implements FileSystem {
  readonly #local: FileSystem;
  readonly #s3: FileSystem;
  readonly maxOpenFiles?: number;

  constructor(local: FileSystem, s3: FileSystem) {
    this.#local = local;
    this.#s3 = s3;
    if (s3.maxOpenFiles !== undefined) this.maxOpenFiles = s3.maxOpenFiles;
  }

  stat: FileSystem['stat'] = (path) => this.#of(path).stat(path);

  list: FileSystem['list'] = (directory) => this.#of(directory).list(directory);

  glob: FileSystem['glob'] = (pattern) => this.#of(pattern).glob(pattern);

  openRead: FileSystem['openRead'] = (path, offsetBytes) =>
    this.#of(path).openRead(path, offsetBytes);

  openWrite: FileSystem['openWrite'] = (path) => this.#of(path).openWrite(path);

  makeDirectory: FileSystem['makeDirectory'] = (path) => this.#of(path).makeDirectory(path);

  /** Within one of the two. */
  publish: FileSystem['publish'] = async (from, to) => {
    if (this.#of(from) === this.#of(to)) return await this.#of(from).publish(from, to);
    throw new StreamError({
      kind: 'user',
      code: 'FILE_NOT_WRITABLE',
      message: `a file cannot be moved from one file system to another from=${from} path=${to}`,
      details: { from, path: to },
    });
  };

  remove: FileSystem['remove'] = (path) => this.#of(path).remove(path);

  absolute: FileSystem['absolute'] = (path) => this.#of(path).absolute(path);

  #of(path: string): FileSystem {
    return isS3Location(path) ? this.#s3 : this.#local;
  }
}
