import type { ComponentChildren, JSX } from 'preact';
import type { Polled } from '../data/index.ts';

/** A message in the place where something is missing or was refused. */
export function Notice(props: {
  readonly tone?: 'bad' | 'warn' | 'good';
  readonly children: ComponentChildren;
}): JSX.Element {
  const { tone, children } = props;
  return (
    <div class="notice" data-tone={tone} role={tone === 'bad' ? 'alert' : undefined}>
      {children}
    </div>
  );
}

/** Nothing to show, and what to do about it. */
export function EmptyState(props: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <h2>{props.title}</h2>
      {props.children}
    </div>
  );
}

/** Until the first answer. */
export function Loading({ what }: { readonly what: string }): JSX.Element {
  return (
    <div class="empty" role="status">
      <span class="spinner" aria-hidden="true" />
      <span>Loading {what}…</span>
    </div>
  );
}

/** What was answered, that it was refused, or that it is not there yet. */
export function Answer<T>(props: {
  readonly polled: Polled<T>;
  readonly what: string;
  readonly children: (value: T) => ComponentChildren;
}): JSX.Element {
  const { polled, what, children } = props;
  if (polled.error !== undefined) {
    const { status, message } = polled.error;
    return (
      <Notice tone={status === 404 ? 'warn' : 'bad'}>
        The {what} cannot be shown: {message}
      </Notice>
    );
  }
  return polled.value === undefined ? (
    <Loading what={what} />
  ) : (
    <div class="answer">{children(polled.value)}</div>
  );
}
