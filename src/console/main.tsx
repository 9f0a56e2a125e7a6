// The console in the browser: the page of `turnout control`.
import { render } from 'preact';
import { App } from './app.tsx';
import { createServerCalls } from './server-calls.ts';

render(<App server={createServerCalls((input, init) => fetch(input, init))} />, document.body);
