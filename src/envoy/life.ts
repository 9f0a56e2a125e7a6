import type { Exit } from '../ports.ts';

/** The life of an Envoy that is ours. */
export type Life =
	| { readonly kind: 'absent' }
	| { readonly kind: 'starting'; readonly id: string }
	| { readonly kind: 'live'; readonly id: string; readonly version: string; readonly since: string }
	| { readonly kind: 'draining'; readonly id: string; readonly version: string }
	| { readonly kind: 'failed'; readonly why: string };

export type LifeEvent =
	| { readonly kind: 'started'; readonly id: string }
	| { readonly kind: 'ready'; readonly version: string; readonly at: string }
	| { readonly kind: 'drain' }
	| { readonly kind: 'exited'; readonly exit: Exit; readonly lastLine: string };

/** State × event → state; what an event means nothing to leaves it as it is. */
export function next(life: Life, event: LifeEvent): Life {
	switch (event.kind) {
		case 'started':
			return { kind: 'starting', id: event.id };
		case 'ready':
			return life.kind === 'starting' ? { kind: 'live', id: life.id, version: event.version, since: event.at } : life;
		case 'drain':
			return life.kind === 'live' ? { kind: 'draining', id: life.id, version: life.version } : { kind: 'absent' };
		case 'exited':
			return life.kind === 'draining' || life.kind === 'absent'
				? { kind: 'absent' }
				: { kind: 'failed', why: endOf(event) };
	}
}

function endOf({ exit, lastLine }: LifeEvent & { kind: 'exited' }): string {
	const how = exit.signal === undefined ? `with code ${exit.code}` : `by ${exit.signal}`;
	return `Envoy ended ${how}${lastLine === '' ? '' : `; its last line: ${lastLine}`}`;
}
