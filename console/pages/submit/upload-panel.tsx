import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useConsole } from '../../data/index.ts';
import { goTo, Notice, percentText } from '../../ui/index.ts';

type Upload =
  | { readonly type: 'none' }
  | { readonly type: 'sending'; readonly name: string; readonly share: number }
  | { readonly type: 'failed'; readonly message: string };

const ACCEPTED = '.js,.mjs,.zip,.jar';

/** Takes a file by choice or by drop, and tells how far it is. */
export function UploadPanel(): JSX.Element {
  const { client, store } = useConsole();
  const inputId = useId();
  const [upload, setUpload] = useState<Upload>({ type: 'none' });
  const [isOver, setOver] = useState(false);
  const aborter = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => aborter.current?.abort(), []);
  const send = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    const abort = new AbortController();
    aborter.current = abort;
    const show = (share: number): void => setUpload({ type: 'sending', name: file.name, share });
    show(0);
    try {
      const { signal } = abort;
      const answer = await client.upload<{ filename: string }>('/jars/upload', file, show, signal);
      setUpload({ type: 'none' });
      store.refresh('/jars');
      goTo(`/submit/${encodeURIComponent(answer.filename.split('/').at(-1) ?? '')}`);
    } catch (thrown) {
      if (abort.signal.aborted) return setUpload({ type: 'none' });
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      setUpload({ type: 'failed', message });
    }
  };
  return (
    <section
      class="panel upload"
      aria-label="Upload"
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void send(event.dataTransfer?.files[0]);
      }}
    >
      {upload.type === 'sending' ? (
        <Sending name={upload.name} share={upload.share} onAbort={() => aborter.current?.abort()} />
      ) : (
        <>
          <label class="upload-choice" for={inputId}>
            Drop a bundle here, or choose a file
          </label>
          <input
            id={inputId}
            type="file"
            accept={ACCEPTED}
            onChange={(event) => void send(event.currentTarget.files?.[0])}
          />
          <span class="hint">
            A bundled job: .js, .mjs, or a .zip or .jar with one in it.{' '}
            <code>npx sluice bundle job.ts</code> writes one.
          </span>
        </>
      )}
      {upload.type === 'failed' && <Notice tone="bad">The upload failed: {upload.message}</Notice>}
    </section>
  );
}

function Sending(props: {
  readonly name: string;
  readonly share: number;
  readonly onAbort: () => void;
}): JSX.Element {
  const { name, share, onAbort } = props;
  const isSent = share >= 1;
  return (
    <div class="sending">
      <span role="status">
        {isSent ? `The cluster looks at ${name}` : `Sending ${name}: ${percentText(share)}`}
      </span>
      <progress
        class="progress"
        aria-label={`Upload of ${name}`}
        value={isSent ? undefined : share}
      />
      <button type="button" class="button" onClick={onAbort}>
        Stop the upload
      </button>
    </div>
  );
}
