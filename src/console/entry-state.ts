import { useState } from 'preact/hooks';
import { isRecord } from '../mesh/check-shape.ts';

// What the browser keeps with an entry of its history: it is there again for whoever goes back to it.

const keptOf = (): Readonly<Record<string, unknown>> => (isRecord(history.state) ? history.state : {});

export function useEntryState(name: string): readonly [string | undefined, (text: string) => void] {
	const kept = keptOf()[name];
	const [text, setText] = useState(typeof kept === 'string' ? kept : undefined);
	const set = (next: string): void => {
		setText(next);
		keep(name, next);
	};
	return [text, set];
}

const keep = (name: string, value: string | number): void => history.replaceState({ ...keptOf(), [name]: value }, '');

/** As far down as it was; a page that is new begins at its top. */
export function scrollBack(): void {
	scrollTo(0, Number(keptOf()[SCROLL] ?? 0));
}

const SCROLL = 'scroll';
const SETTLED_MS = 150;

/** Until it is told to stop. While there is no heading the page is not there yet. */
export function keepScroll(): () => void {
	history.scrollRestoration = 'manual';
	let timer: ReturnType<typeof setTimeout> | undefined;
	const settled = (): void => {
		if (document.querySelector('h1') !== null) keep(SCROLL, scrollY);
	};
	const follow = (): void => {
		clearTimeout(timer);
		timer = setTimeout(settled, SETTLED_MS);
	};
	addEventListener('scroll', follow, { passive: true });
	return () => {
		clearTimeout(timer);
		removeEventListener('scroll', follow);
	};
}
