/** What is known of a path. */
export interface FileStatus {
  /** As given to the call, or joined from the listed directory and the name; `/` separates. */
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
}

/** An open file that is read from the front, or from where it was opened. */
export interface FileReader {
  /** Up to `maxBytes` of what follows, given away; empty at the end of the file. */
  read(maxBytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file being written. Nothing is promised to be visible before `close` has settled. */
export interface FileWriter {
  /** Takes ownership of `bytes`. Calls are queued in order. */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable when settled, with the name of the file. */
  close(): Promise<void>;
}

/**
 * What has become of a file that was to be shown under its final name: `done`, now or before;
 * `exists`: another file has that name; `gone`: there is none of either name.
 */
export type PublishOutcome = 'done' | 'exists' | 'gone';

/**
 * Files. Needs: a listing shows every file closed before it; reads see what was closed before they
 * began. Errors are StreamErrors that name the path: FILE_NOT_FOUND, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE; of kind `unavailable` where trying again may help (a full disk, an I/O error),
 * otherwise of kind `user` or `invalid`.
 */
export interface FileSystem {
  /**
   * Files that a subtask should write to at once: each takes memory while it is open.
   *
   * @defaultValue as many as the caller likes
   */
  readonly maxOpenFiles?: number;
  /** The status, or undefined when nothing is there. */
  stat(path: string): Promise<FileStatus | undefined>;
  /** Direct children, sorted by name. */
  list(directory: string): Promise<readonly FileStatus[]>;
  /** Paths of files and directories that match, sorted. */
  glob(pattern: string): Promise<readonly string[]>;
  openRead(path: string, offsetBytes: number): Promise<FileReader>;
  /** Creates or truncates; missing parent directories are made. */
  openWrite(path: string): Promise<FileWriter>;
  makeDirectory(path: string): Promise<void>;
  /**
   * Gives a closed file the name that readers look for, and takes the old one away. The new name
   * appears at once, with the whole file, and nothing is replaced. Idempotent: repeated after a
   * crash in the midst of it, or by two at the same time, it finishes what was begun. Durable when
   * settled. Without atomic renames a file may have both names until then.
   */
  publish(from: string, to: string): Promise<PublishOutcome>;
  /** Removes a file; nothing happens when it is not there. */
  remove(path: string): Promise<void>;
  /** Absolute form of a path, for messages. */
  absolute(path: string): string;
}
