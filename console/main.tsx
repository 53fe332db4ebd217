/** Starts the console in the page. */
import { render } from 'preact';
import { browserWorld, PollStore, RateHistory, RestClient } from './data/index.ts';
import { App } from './shell/app.tsx';

const root = document.getElementById('app');
if (root !== null) {
  const world = browserWorld();
  const client = new RestClient(world);
  const store = new PollStore(world, client);
  render(<App services={{ world, client, store, history: new RateHistory() }} />, root);
}
