import { failureOf } from '../failure.ts';
import { delayMs } from '../lib/delay.ts';
import type { Log } from '../log.ts';
import type { ServiceManager } from './stores.ts';

/** Keeps systemd informed. Nothing in the daemon waits for it. */
export interface SystemdNotifier extends Disposable {
	/** Something may have changed. */
	changed(): void;
	/** The start is complete. */
	ready(): void;
	/** The stop has begun. */
	stopping(): void;
}

/** Bursts are coalesced. */
const QUIET_MS = 200;
/** Where systemd sets no watchdog. */
const USUAL_PATIENCE_MS = 60_000;
/** WATCHDOG=1 is sent so often within systemd's patience; sd_watchdog_enabled(3) recommends half of it. */
const HEARTBEATS = 2;

const silent: SystemdNotifier = {
	changed: () => undefined,
	ready: () => undefined,
	stopping: () => undefined,
	[Symbol.dispose]: () => undefined,
};

/**
 * The heartbeat comes from the event loop: a loop that hangs misses it. `line`: the
 * status in one line; sent only on change.
 */
export function createSystemdNotifier(
	manager: ServiceManager | undefined,
	line: () => Promise<string>,
	log: Log,
): SystemdNotifier {
	if (manager === undefined) return silent;
	const patienceMs = manager.patienceMs ?? USUAL_PATIENCE_MS;
	const status = createStatusReport(manager, line);
	// A start may wait for a registry for as long as it takes; systemd waits while the heartbeat comes.
	const starting = [`EXTEND_TIMEOUT_USEC=${patienceMs * 1_000}`];
	const notSent = (error: unknown) => log('warn', 'systemd was not told', { why: failureOf(error).message });
	const send = (...words: string[]): void => void manager.notify(words).catch(notSent);
	const heartbeat = setInterval(
		() => {
			send('WATCHDOG=1', ...starting);
			status.changed();
		},
		delayMs(patienceMs / HEARTBEATS),
	);
	const ready = () => {
		starting.length = 0;
		void status.notify('READY=1').catch(notSent);
	};
	const stopping = () => {
		status.close();
		send('STOPPING=1', 'STATUS=stopping: rules first, then connections have their time to end');
	};
	return { changed: status.changed, ready, stopping, [Symbol.dispose]: () => clearInterval(heartbeat) };
}

function createStatusReport({ notify }: ServiceManager, line: () => Promise<string>) {
	let sent = '';
	let isOver = false;
	let quiet: NodeJS.Timeout | undefined;
	const notifyNow = async (): Promise<void> => {
		quiet = undefined;
		const now = await line();
		if (now === sent || isOver) return;
		sent = now;
		await notify([`STATUS=${now}`]);
	};
	return {
		/** Together with the status, for whoever waits for the word looks then; sent without it where it is not known. */
		async notify(word: string): Promise<void> {
			const now = await line().catch(() => '');
			sent = now;
			await notify(now === '' ? [word] : [word, `STATUS=${now}`]);
		},
		changed(): void {
			// The status may not be known yet; the next heartbeat asks again.
			if (!isOver) quiet ??= setTimeout(() => void notifyNow().catch(() => undefined), QUIET_MS);
		},
		close(): void {
			isOver = true;
			clearTimeout(quiet);
		},
	};
}
