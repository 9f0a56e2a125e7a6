import { once } from 'node:events';
import type { Server } from 'node:http';
import { type Given, textOf, understood, usage } from '../cli/arguments.ts';
import type { CommandContext } from '../cli/daemon-commands.ts';
import type { AccessKeys } from '../control/access/access-keys.ts';
import { authoriseByKey } from '../control/access/authorise-by-key.ts';
import { parseAccessFile } from '../control/access/parse-access-file.ts';
import { tellRefusals } from '../control/access/tell-refusals.ts';
import { createApiServer, type Page } from '../control/api-server.ts';
import { withoutKeys } from '../control/authorise.ts';
import { createConsole } from '../control/console/console.ts';
import type { ConsoleOptions } from '../control/console/console-options.ts';
import type { ListenerStatus } from '../control/control-status.ts';
import { createCurrentMesh } from '../control/current-mesh.ts';
import { createEnding } from '../control/end-server.ts';
import { type ListenAddress, parseListen } from '../control/listen-address.ts';
import type { Perform } from '../control/perform.ts';
import { parseQuotas } from '../control/quotas.ts';
import { createRequestCounts } from '../control/request-counts.ts';
import { tellMistakes } from '../control/tell-mistakes.ts';
import { Failure, failureOf } from '../failure.ts';
import { followSecretFile } from '../host/files/follow-secret-file.ts';
import { readPage } from '../host/files/read-page.ts';
import { systemClock } from '../lib/clock.ts';
import { quote } from '../lib/escape.ts';
import { describeFsError } from '../lib/fs.ts';
import { logJson, logText } from '../lib/log-event.ts';
import { refuseTaken } from '../localapi/listen.ts';
import { createLog, createOutlet, type Log } from '../log.ts';
import { accessFileOf } from './control/access-file.ts';
import { askStatus } from './control/ask-status.ts';
import { adsListenOf, createControlAds } from './control/control-ads.ts';
import { controlHistory } from './control/control-history.ts';
import { controlKeys } from './control/control-keys.ts';
import { controlPages } from './control/control-pages.ts';
import { controlPolicy } from './control/control-policy.ts';
import { followTls, openTls } from './control/control-tls.ts';
import { openStore } from './control/open-store.ts';
import { readMeshSettings } from './mesh/mesh-settings.ts';
import { parametersOf } from './mesh/task.ts';

/** `turnout control`, what it does with keys, and how it is. */
export async function control(
	given: Given,
	[about, ...words]: readonly string[],
	terminal: CommandContext,
): Promise<number> {
	if (about === 'keys') return controlKeys(given, words, terminal);
	if (about === 'policy') return controlPolicy(given, words, terminal);
	if (about === 'status') return askStatus(given, terminal);
	if (about === 'history') return controlHistory(given, words, terminal);
	if (about !== undefined) throw usage(`control takes keys, policy, status, history or nothing, not ${quote(about)}`);
	return serve(given, terminal);
}

/** Until it is told to stop. */
async function serve(given: Given, { signal }: CommandContext): Promise<number> {
	const outlet = createOutlet(process.stderr);
	const toText = process.stderr.isTTY ? logText : logJson;
	const log = createLog('info', [(event) => outlet(toText(event))]);
	const settings = await readMeshSettings(given);
	const hasKeys = given['keys'] !== undefined;
	const tls = openTls(given);
	const hasTls = tls !== undefined;
	const at = textOf(given, 'listen') ?? '127.0.0.1:8474';
	const listen = understood(() => parseListen(at, { knowsClients: hasKeys, hasTls }), 'listen');
	const adsListen = adsListenOf(given, { hasKeys, hasTls });
	const owner = { account: accountOf(given), region: regionOf(given) };
	const quotas = understood(() => parseQuotas(textOf(given, 'limits') ?? ''), 'limits');
	const keys = hasKeys ? followKeys(accessFileOf(given), log) : undefined;
	const onRefused = tellRefusals(log, systemClock);
	const authorise = keys && authoriseByKey({ keys, region: owner.region, onRefused });
	await refuseOther(listen);
	const { store, definitions, shown, claim, openHistory } = await openStore(given, settings, log, signal);
	const mesh = createCurrentMesh(definitions, { parameters: parametersOf(given, settings), clock: systemClock });
	const requests = createRequestCounts();
	const ads = adsListen && (await createControlAds({ listen: adsListen, mesh, settings, owner, authorise, tls, log }));
	const listeners = [apiListener(listen.shown, hasKeys), ...(ads === undefined ? [] : [ads.listener])];
	const pages = controlPages({ store, mesh, definitions: shown.definitions, listeners, ads, tls, requests });
	using _claim = await claim(pages);
	const context = { store, history: await openHistory(), owner, quotas, log, requests, clock: systemClock };
	const server = createApiServer(context, {
		...{ authorise: authorise ?? withoutKeys, pages },
		pageOf: consoleOf({ ...context, keys, onRefused, ...(ads === undefined ? {} : { nodes: ads.nodes }) }),
		// A unix socket needs none.
		tls: 'path' in listen.options ? undefined : tls?.current(),
	});
	const end = createEnding(server);
	await tellMistakes(store, log, signal);
	await listening(server, listen);
	await ads?.open(signal);
	followTls(tls, { server, ads, log }, signal);
	log('info', 'serving', { at: listen.shown, ads: ads?.listener.at, ...shown, ...owner });
	if (!signal.aborted) await once(signal, 'abort');
	ads?.close();
	await end();
	return 0;
}

const apiListener = (at: string, hasKeys: boolean): ListenerStatus => ({
	...{ name: 'api', at },
	clients: hasKeys ? ['keys'] : [],
});

/** Nothing, where it was not built. */
function consoleOf(options: Omit<ConsoleOptions, 'assets'>): (perform: Perform) => Page {
	const assets = readPage();
	return (perform) => (assets === undefined ? async () => undefined : createConsole({ ...options, assets }, perform));
}

const followKeys = (path: string, log: Log): (() => AccessKeys) =>
	followSecretFile<AccessKeys>(path, {
		parse: (text) => parseAccessFile(text, path),
		none: new Map(),
		onProblem: (problem, isGone) => {
			const { message, remedy } = failureOf(problem);
			const event = isGone ? 'access keys are gone, and nobody is let in' : 'access keys are not read again';
			log('error', event, { why: message, remedy });
		},
	});

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
