import { failureOf } from '../failure.ts';
import { delayMs } from '../lib/delay.ts';
import type { Log } from '../log.ts';
import type { ServiceManager } from './stores.ts';

/** How systemd learns how we are. Nothing waits for it but its own next word. */
export interface SystemdNotifier extends Disposable {
	/** Something may have changed. */
	changed(): void;
	/** What was asked for holds. */
	ready(): void;
	/** We are on our way out. */
	stopping(): void;
}

/** Several events in a row are told as one. */
const QUIET_MS = 200;
/** Where systemd does not say how long it waits. */
const USUAL_PATIENCE_MS = 60_000;

const silent: SystemdNotifier = {
	changed: () => undefined,
	ready: () => undefined,
	stopping: () => undefined,
	[Symbol.dispose]: () => undefined,
};

/**
 * The word comes from the event loop, twice as often as systemd needs it: where that does not turn, it stays away.
 * `line`: how we are, in a line; told only when it has changed.
 */
export function createSystemdNotifier(
	manager: ServiceManager | undefined,
	line: () => Promise<string>,
	log: Log,
): SystemdNotifier {
	if (manager === undefined) return silent;
	const patienceMs = manager.patienceMs ?? USUAL_PATIENCE_MS;
	const status = createStatusReport(manager, line);
	// A start may take as long as a registry is away; systemd is to wait as long as we are alive.
	const starting = [`EXTEND_TIMEOUT_USEC=${patienceMs * 1_000}`];
	const untold = (error: unknown) => log('warn', 'systemd was not told', { why: failureOf(error).message });
	const tell = (...words: string[]): void => void manager.notify(words).catch(untold);
	const beat = setInterval(
		() => {
			tell('WATCHDOG=1', ...starting);
			status.changed();
		},
		delayMs(patienceMs / 2),
	);
	const ready = () => {
		starting.length = 0;
		void status.notify('READY=1').catch(untold);
	};
	const stopping = () => {
		status.close();
		tell('STOPPING=1', 'STATUS=stopping: rules first, then connections have their time to end');
	};
	return { changed: status.changed, ready, stopping, [Symbol.dispose]: () => clearInterval(beat) };
}

function createStatusReport({ notify }: ServiceManager, line: () => Promise<string>) {
	let said = '';
	let isOver = false;
	let quiet: NodeJS.Timeout | undefined;
	const notifyNow = async (): Promise<void> => {
		quiet = undefined;
		const now = await line();
		if (now === said || isOver) return;
		said = now;
		await notify([`STATUS=${now}`]);
	};
	return {
		/** Together with how we are, as whoever waits for the word looks then; it does not depend on that. */
		async notify(word: string): Promise<void> {
			const now = await line().catch(() => '');
			said = now;
			await notify(now === '' ? [word] : [word, `STATUS=${now}`]);
		},
		changed(): void {
			// How we are may not be known yet; the next beat asks again.
			if (!isOver) quiet ??= setTimeout(() => void notifyNow().catch(() => undefined), QUIET_MS);
		},
		close(): void {
			isOver = true;
			clearTimeout(quiet);
		},
	};
}
