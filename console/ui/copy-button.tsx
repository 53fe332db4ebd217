import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

/** Puts a text on the clipboard, and says so. */
export function CopyButton({
  text,
  what,
}: {
  readonly text: string;
  readonly what: string;
}): JSX.Element {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      setState('failed');
    }
  };
  return (
    <>
      <button
        type="button"
        class="icon-button"
        title={`Copy ${what}`}
        aria-label={`Copy ${what}`}
        onClick={() => void copy()}
        onBlur={() => setState('ready')}
      >
        <Icon name={state === 'copied' ? 'check' : 'copy'} />
      </button>
      <span role="status" class={state === 'failed' ? 'hint' : 'visually-hidden'}>
        {state === 'copied' && 'Copied'}
        {state === 'failed' && 'The browser does not allow copying: select the text.'}
      </span>
    </>
  );
}

/** A command or a path to copy. */
export function CodeLine({
  text,
  what,
}: {
  readonly text: string;
  readonly what: string;
}): JSX.Element {
  return (
    <span class="code-line">
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
}
