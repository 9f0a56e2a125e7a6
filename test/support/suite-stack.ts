import { after } from 'node:test';

/** What is used on it is disposed of when the tests of the surrounding describe() are over. */
export function suiteStack(): AsyncDisposableStack {
	const stack = new AsyncDisposableStack();
	after(() => stack.disposeAsync());
	return stack;
}
