/** Port: what the console needs of a browser. */
export interface ConsoleWorld {
  nowEpochMs(): number;
  /** Calls once, unless it is taken back by what is returned. */
  after(delayMs: number, run: () => void): () => void;
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Sends a file as `multipart/form-data`. @param onProgress a share of 1. */
  upload(
    url: string,
    file: File,
    onProgress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly text: string }>;
  isVisible(): boolean;
  /** Calls on every change, until what is returned is called. */
  onVisibility(run: () => void): () => void;
}

export function browserWorld(): ConsoleWorld {
  return {
    nowEpochMs: () => Date.now(),
    after: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    fetch: (url, init) => fetch(url, init),
    upload,
    isVisible: () => document.visibilityState !== 'hidden',
    onVisibility: (run) => {
      document.addEventListener('visibilitychange', run);
      return () => document.removeEventListener('visibilitychange', run);
    },
  };
}

/** `fetch` does not tell how far an upload is. */
function upload(
  url: string,
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      onProgress(total === 0 ? 0 : loaded / total);
    });
    request.addEventListener('load', () => {
      resolve({ status: request.status, text: request.responseText });
    });
    request.addEventListener('error', () => reject(new TypeError('upload failed')));
    request.addEventListener('abort', () => {
      reject(new DOMException('The upload was ended.', 'AbortError'));
    });
    signal.addEventListener('abort', () => request.abort());
    const form = new FormData();
    // As Flink's dashboard names it.
    form.append('jarfile', file, file.name);
    request.send(form);
  });
}
