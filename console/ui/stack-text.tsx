import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useScrollFocus } from './scroll-focus.ts';

/** Text of a machine, as it is; where it does not fit it scrolls, by keys, too. */
export function StackText(props: { readonly text: string; readonly isLog?: boolean }): JSX.Element {
  const { text, isLog = false } = props;
  const element = useRef<HTMLPreElement>(null);
  useScrollFocus(element);
  return (
    <pre ref={element} class={isLog ? 'stack log-lines' : 'stack'}>
      {text}
    </pre>
  );
}
