import type { Clock } from './clock.ts';

export interface Debounced {
	readonly call: () => void;
	readonly cancel: () => void;
}

/** Calls that follow one another within `quietMs` are one, made after the last of them, or `longestMs` after the first. */
export function debounce(
	clock: Clock,
	{ quietMs, longestMs }: { readonly quietMs: number; readonly longestMs: number },
	act: () => void,
): Debounced {
	let firstMs: number | undefined;
	let cancel: () => void = () => undefined;
	return {
		call() {
			const nowMs = clock.nowMs();
			firstMs ??= nowMs;
			cancel();
			cancel = clock.after(Math.min(quietMs, firstMs + longestMs - nowMs), () => {
				firstMs = undefined;
				act();
			});
		},
		cancel: () => cancel(),
	};
}
