import { loadSettings, recallSettings, type SettingsArguments } from '../../config/load.ts';
import type { Loaded } from '../../config/merge-sources.ts';
import { Failure } from '../../failure.ts';
import { once } from '../../lib/once.ts';
import { createClient } from '../../localapi/client.ts';
import type { ConfigReply } from '../../localapi/protocol.ts';
import type { Status } from '../../status/types.ts';

export interface AnsweringDaemon {
	readonly status: Status;
	readonly config: ConfigReply;
}

export interface SettingsToJudge {
	/** Those that this process sees; a Failure has all their mistakes. */
	readonly written: () => Promise<Loaded>;
	/**
	 * Those that the host is judged by: the daemon's, whose variables are in a file of its own, unless others are named on the
	 * command line.
	 */
	readonly settings: () => Promise<Loaded>;
}

/** A busy daemon may take seconds to answer. */
const DAEMON_MS = 5_000;

export async function askDaemon(socket: string, signal: AbortSignal): Promise<AnsweringDaemon> {
	const client = createClient(socket, AbortSignal.any([signal, AbortSignal.timeout(DAEMON_MS)]));
	const [status, config] = await Promise.all([client.status({}), client.config({})]);
	return { status, config };
}

/** These say which daemon is meant. */
const WHERE: readonly string[] = ['socket', 'stateDirectory'];

export function createSettings(asked: SettingsArguments, daemon: () => Promise<AnsweringDaemon>): SettingsToJudge {
	const isNamed = asked.file !== undefined || Object.keys(asked.flags).some((key) => !WHERE.includes(key));
	const written = once(() => loadSettings(asked));
	const settings = once(async () => {
		const running = isNamed ? undefined : await daemon().catch(() => undefined);
		return running === undefined ? written().catch(refuseMistaken) : settingsOf(running);
	});
	return { written, settings };
}

const settingsOf = ({ config }: AnsweringDaemon): Loaded =>
	recallSettings(Object.fromEntries(config.settings.map(({ key, value, origin }) => [key, { text: value, origin }])));

/** The check of the settings tells the mistakes. */
function refuseMistaken(cause: unknown): never {
	throw new Failure('config', 'Cannot look: the settings cannot be used', 'Mend the settings first', cause);
}
