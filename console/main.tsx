/** Starts the console in the page. */
import { render } from 'preact';
import { browserWorld, PollStore, RestClient } from './data/index.ts';
import { App } from './shell/app.tsx';

const root = document.getElementById('app');
if (root !== null) {
  const world = browserWorld();
  const client = new RestClient(world);
  render(<App services={{ world, client, store: new PollStore(world, client) }} />, root);
}
