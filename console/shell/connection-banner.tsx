import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Connection, useConnection, useConsole, useNow } from '../data/index.ts';
import { durationText } from '../ui/index.ts';

const HEALED_SHOWN_MS = 4000;

/** Says that the cluster cannot be reached, when it is tried again, and that it is back. */
export function ConnectionBanner(): JSX.Element {
  const connection = useConnection();
  const isHealed = useHealed(connection);
  return (
    <div role="status" aria-live="polite">
      {connection.type === 'lost' && <LostBanner connection={connection} />}
      {isHealed && (
        <div class="banner" data-tone="good">
          The connection is back.
        </div>
      )}
    </div>
  );
}

function LostBanner(props: {
  readonly connection: Extract<Connection, { readonly type: 'lost' }>;
}): JSX.Element {
  const { reason, sinceEpochMs, retryAtEpochMs } = props.connection;
  const { store } = useConsole();
  const nowEpochMs = useNow();
  const waitSeconds = Math.max(0, Math.ceil((retryAtEpochMs - nowEpochMs) / 1000));
  return (
    <div class="banner" data-tone="bad">
      <span>
        Connection lost. {reason} What is shown is {durationText(nowEpochMs - sinceEpochMs)} old.
      </span>
      <span aria-live="off">
        {waitSeconds === 0 ? 'Trying again…' : `Trying again in ${waitSeconds} s.`}
      </span>
      <button type="button" class="button" onClick={() => store.retryNow()}>
        Try now
      </button>
    </div>
  );
}

/** True for a while after a connection that was lost is back. */
function useHealed({ type }: Connection): boolean {
  const { world } = useConsole();
  const last = useRef(type);
  const [isHealed, setHealed] = useState(false);
  useEffect(() => {
    const wasLost = last.current === 'lost';
    last.current = type;
    if (!wasLost || type !== 'online') return setHealed(false);
    setHealed(true);
    return world.after(HEALED_SHOWN_MS, () => setHealed(false));
  }, [type, world]);
  return isHealed;
}
