/** Starts the console in the page. */
import { render } from 'preact';
import { browserWorld, consoleServices } from './data/index.ts';
import { App } from './shell/app.tsx';

const root = document.getElementById('app');
if (root !== null) render(<App services={consoleServices(browserWorld())} />, root);
