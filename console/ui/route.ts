/** Where the reader is: the address behind `#`. */
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  /** With a leading `/`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const HOME = '/jobs';

/** @param hash `#/jobs?filter=x`; anything else leads home. */
export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?');
  return {
    path: path.startsWith('/') && path !== '/' ? path : HOME,
    query: new URLSearchParams(query),
  };
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const change = (): void => setHash(location.hash);
    change();
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return routeOf(hash);
}

/** Leads to a page. */
export function goTo(path: string): void {
  location.hash = path;
}

/** Changes what the page shows without a step in the history. @param value undefined: none. */
export function setQuery({ path, query }: Route, name: string, value: string | undefined): void {
  const changed = new URLSearchParams(query);
  if (value === undefined || value === '') changed.delete(name);
  else changed.set(name, value);
  const text = changed.toString();
  location.replace(`#${path}${text === '' ? '' : `?${text}`}`);
}

/**
 * The values of a pattern's `:names`; undefined when the path is no such.
 *
 * @param pattern `/jobs/:jobid/*`: a `*` at the end takes the rest, or nothing, as `rest`.
 */
export function matchPath(
  pattern: string,
  path: string,
): Readonly<Record<string, string>> | undefined {
  const isOpen = pattern.endsWith('/*');
  const expected = (isOpen ? pattern.slice(0, -2) : pattern).split('/');
  const parts = path.split('/');
  if (parts.length < expected.length || (!isOpen && parts.length > expected.length)) return;
  const values: Record<string, string> = {};
  for (const [index, name] of expected.entries()) {
    const part = parts[index] ?? '';
    if (name.startsWith(':')) values[name.slice(1)] = decodeURIComponent(part);
    else if (name !== part) return;
  }
  if (isOpen) values.rest = parts.slice(expected.length).join('/');
  return values;
}
