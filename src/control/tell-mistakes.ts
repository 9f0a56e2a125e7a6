import { failureOf } from '../failure.ts';
import type { Log } from '../log.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import type { Store } from '../store/store.ts';

/** Logs what cannot be read of the definitions, once each, at the start and whenever they change. */
export async function tellMistakes(store: Store, log: Log, signal: AbortSignal): Promise<void> {
	let told: ReadonlySet<string> = new Set();
	const tell = async () => {
		const lines = (await store.list()).errors.map(mistakeLine);
		for (const mistake of lines) if (!told.has(mistake)) log('warn', 'a definition cannot be read', { mistake });
		told = new Set(lines);
	};
	const onFailure = (error: unknown) => {
		const { message, remedy } = failureOf(error);
		log('warn', 'definitions cannot be read', { why: message, remedy });
	};
	store.watch(() => void tell().catch(onFailure), signal);
	await tell();
}
