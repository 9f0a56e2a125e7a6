import { once } from 'node:events';
import type { Server } from 'node:http';
import { type Given, textOf, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import type { AccessKeys } from '../control/access/access-keys.ts';
import { authoriseByKey } from '../control/access/authorise-by-key.ts';
import { parseAccessFile } from '../control/access/parse-access-file.ts';
import { tellRefusals } from '../control/access/tell-refusals.ts';
import { createApiServer } from '../control/api-server.ts';
import { type Authorise, withoutKeys } from '../control/authorise.ts';
import { type ListenAddress, parseListen } from '../control/listen-address.ts';
import { parseQuotas } from '../control/quotas.ts';
import { tellMistakes } from '../control/tell-mistakes.ts';
import { Failure, failureOf } from '../failure.ts';
import { openDefinitionFolder } from '../host/files/definition-folder.ts';
import { followSecretFile } from '../host/files/follow-secret-file.ts';
import { createHistoryFile, prepareHistoryFile } from '../host/files/history-file.ts';
import { systemClock } from '../lib/clock.ts';
import { quote } from '../lib/escape.ts';
import { describeFsError } from '../lib/fs.ts';
import { logJson, logText } from '../lib/log-event.ts';
import { refuseTaken } from '../localapi/listen.ts';
import { createLog, createOutlet, type Log } from '../log.ts';
import { createFolderStore } from '../store/folder-store.ts';
import { accessFileOf } from './control/access-file.ts';
import { claimFolder } from './control/claim-folder.ts';
import { controlHistory } from './control/control-history.ts';
import { controlKeys } from './control/control-keys.ts';
import { controlPolicy } from './control/control-policy.ts';
import { definitionsOf } from './control/definitions-of.ts';
import { historyFileFor } from './control/history-place.ts';
import { readMeshSettings } from './mesh/mesh-settings.ts';
import { parametersOf } from './mesh/task.ts';

/** `turnout control`, and what it does with keys. */
export async function control(
	given: Given,
	[about, ...words]: readonly string[],
	terminal: CommandContext,
): Promise<number> {
	if (about === 'keys') return controlKeys(given, words, terminal);
	if (about === 'policy') return controlPolicy(given, words, terminal);
	if (about === 'history') return controlHistory(given, words, terminal);
	if (about !== undefined) throw usage(`control takes keys, policy, history or nothing, not ${quote(about)}`);
	return serve(given, terminal);
}

/** Until it is told to stop. */
async function serve(given: Given, { signal }: CommandContext): Promise<number> {
	const outlet = createOutlet(process.stderr);
	const toText = process.stderr.isTTY ? logText : logJson;
	const log = createLog('info', [(event) => outlet(toText(event))]);
	const settings = await readMeshSettings(given);
	const hasKeys = given['keys'] !== undefined;
	const listen = understood('listen', () => parseListen(textOf(given, 'listen') ?? '127.0.0.1:8474', hasKeys));
	const owner = { account: accountOf(given), region: regionOf(given) };
	const quotas = understood('limits', () => parseQuotas(textOf(given, 'limits') ?? ''));
	const path = definitionsOf(given, settings.config.mesh.definitions);
	const authorise = hasKeys ? withKeys(accessFileOf(given), owner.region, log) : withoutKeys;
	await refuseOther(listen);
	const folder = openDefinitionFolder(path, (why) => log('warn', 'definitions are not watched', { why }));
	const historyFile = historyFileFor(given, folder.root, process.env);
	using _claim = await claimFolder(folder.root, log);
	await prepareHistoryFile(historyFile);
	const history = createHistoryFile(historyFile, {
		onUnreadable: (file, lines) => log('warn', 'the history has lines that cannot be read', { file, lines }),
	});
	const store = createFolderStore(folder, parametersOf(given, settings));
	const server = createApiServer({ store, history, owner, quotas, log, clock: systemClock }, authorise);
	await tellMistakes(store, log, signal);
	await listening(server, listen);
	log('info', 'serving', { at: listen.shown, definitions: folder.root, history: historyFile, ...owner });
	if (!signal.aborted) await once(signal, 'abort');
	await closed(server);
	return 0;
}

function withKeys(path: string, region: string, log: Log): Authorise {
	const keys = followSecretFile<AccessKeys>(path, {
		parse: (text) => parseAccessFile(text, path),
		none: new Map(),
		onProblem: (problem, isGone) => {
			const { message, remedy } = failureOf(problem);
			const event = isGone ? 'access keys are gone, and nobody is let in' : 'access keys are not read again';
			log('error', event, { why: message, remedy });
		},
	});
	return authoriseByKey({ keys, region, onRefused: tellRefusals(log) });
}

function understood<T>(option: string, parse: () => T): T {
	try {
		return parse();
	} catch (cause) {
		throw usage(`--${option}: ${cause instanceof Error ? cause.message : String(cause)}`);
	}
}

function accountOf(given: Given): string {
	const account = textOf(given, 'account') ?? '000000000000';
	if (/^\d{12}$/.test(account)) return account;
	throw usage('--account takes the twelve digits of an AWS account');
}

function regionOf(given: Given): string {
	const region = textOf(given, 'region') ?? 'local';
	if (/^[a-z][a-z0-9-]{0,62}$/.test(region)) return region;
	throw usage('--region takes letters, digits and hyphens, such as eu-west-1');
}

/** Before anything is made. */
async function refuseOther({ options, shown }: ListenAddress): Promise<void> {
	if (!('path' in options)) return;
	await refuseTaken(options.path, OTHER_PLACE, () => notListening(shown, 'another program answers there'));
}

async function listening(server: Server, { options, shown }: ListenAddress): Promise<void> {
	try {
		server.listen(options);
		await once(server, 'listening');
	} catch (cause) {
		throw notListening(shown, describeFsError(cause), cause);
	}
}

const notListening = (shown: string, why: string, cause?: unknown): Failure =>
	new Failure('socket', `Cannot listen on ${shown}: ${why}`, OTHER_PLACE, cause);

const OTHER_PLACE = 'Name another place: --listen ADDRESS:PORT or --listen PATH';

function closed(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
		server.closeIdleConnections();
	});
}
