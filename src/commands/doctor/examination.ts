import type { Given } from '../../cli/arguments.ts';
import { loadSettings, recallSettings } from '../../config/load.ts';
import type { Loaded } from '../../config/merge-sources.ts';
import { socketOf } from '../../config/quick-lookup.ts';
import type { CheckName, Finding } from '../../doctor/finding.ts';
import { Failure } from '../../failure.ts';
import { createClient } from '../../localapi/client.ts';
import type { ConfigReply } from '../../localapi/protocol.ts';
import type { Status } from '../../status/types.ts';
import { settingsArguments } from '../settings-options.ts';

/** What the checks look at. Each part is read when the first of them asks, and at most once; what cannot be read rejects. */
export interface Examination {
	readonly signal: AbortSignal;
	/** The daemon that answers on the socket. */
	readonly daemon: () => Promise<AnsweringDaemon>;
	/** The settings that this process sees; a Failure has all their mistakes. */
	readonly written: () => Promise<Loaded>;
	/** Those that are judged: the daemon's, unless others are named on the command line. */
	readonly settings: () => Promise<Loaded>;
}

/** A part of the doctor's list. */
export interface Check {
	readonly names: readonly CheckName[];
	/** What it rejects with is why it could not look. */
	readonly run: (of: Examination) => Promise<readonly Finding[]>;
}

export interface AnsweringDaemon {
	readonly status: Status;
	readonly config: ConfigReply;
}

/** A busy daemon may take seconds to answer. */
const DAEMON_MS = 5_000;

export function createExamination(given: Given, signal: AbortSignal): Examination {
	const asked = settingsArguments(given);
	const daemon = once(() => askDaemon(socketOf(given), signal));
	const written = once(() => loadSettings(asked));
	const isNamed = asked.file !== undefined || Object.keys(asked.flags).some((key) => !WHERE.includes(key));
	return {
		...{ signal, daemon, written },
		settings: once(async () => {
			const running = isNamed ? undefined : await daemon().catch(() => undefined);
			return running === undefined ? written().catch(refuseMistaken) : settingsOf(running);
		}),
	};
}

/** These say which daemon is meant. */
const WHERE: readonly string[] = ['socket', 'stateDirectory'];

async function askDaemon(socket: string, signal: AbortSignal): Promise<AnsweringDaemon> {
	const client = createClient(socket, AbortSignal.any([signal, AbortSignal.timeout(DAEMON_MS)]));
	const [status, config] = await Promise.all([client.status({}), client.config({})]);
	return { status, config };
}

const settingsOf = ({ config }: AnsweringDaemon): Loaded =>
	recallSettings(Object.fromEntries(config.settings.map(({ key, value, origin }) => [key, { text: value, origin }])));

/** The check of the settings tells the mistakes. */
function refuseMistaken(cause: unknown): never {
	throw new Failure('config', 'Cannot look: the settings cannot be used', 'Mend the settings first', cause);
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
	let reading: Promise<T> | undefined;
	return () => {
		reading ??= read();
		return reading;
	};
}
