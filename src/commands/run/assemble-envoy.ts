import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Loaded } from '../../config/merge-sources.ts';
import { lanesOf } from '../../connections/listener-gaps.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import { entrypointFor, envoyArguments, envoyGid } from '../../envoy/command-line.ts';
import { STOP_GRACE_MS } from '../../envoy/drain.ts';
import type { SupervisionHistory } from '../../envoy/lifecycle.ts';
import type { Configuration, ProxyRuntime, ProxySpec } from '../../envoy/runtime.ts';
import type { EnvoySpec } from '../../envoy/spec.ts';
import { createSupervisor, type Supervisor } from '../../envoy/supervisor.ts';
import { Failure } from '../../failure.ts';
import { adsSocket } from '../../host/ads/ads-folder.ts';
import { createLogins } from '../../host/docker/credentials.ts';
import { adminFolder, adminSocket } from '../../host/envoy/admin-folder.ts';
import { createBootstraps } from '../../host/envoy/bootstrap-files.ts';
import { createProxyAdmin } from '../../host/envoy/envoy-admin.ts';
import { primaryGroup } from '../../host/files/accounts.ts';
import { createProcessNotes, endOrphans } from '../../host/process/orphans.ts';
import { createHandOvers } from '../../host/sockets/listener-handover.ts';
import { countAccepted, readListeners } from '../../host/sockets/listeners.ts';
import { describeFsError } from '../../lib/fs.ts';
import { envoyUser, needsTransparency } from '../../ruleset/answers.ts';
import { families } from '../../values/units.ts';
import { socketPaths } from '../../xds/envoy-variables.ts';
import { createOwnBootstrap, type OwnBootstrap } from './own-bootstrap.ts';
import { runProgram } from './run-program.ts';

export interface ProxyListeners {
	readonly onOutput: (line: string) => void;
	readonly onChange: (history: SupervisionHistory, before: SupervisionHistory) => void;
}

/** Builds the Envoy supervisor; undefined if another program runs Envoy. */
export async function createEnvoySupervisor(
	context: DaemonContext,
	listeners: ProxyListeners,
	configuration: Configuration | undefined,
): Promise<Supervisor | undefined> {
	const runtime = await runtimeOf(context);
	if (runtime === undefined) return undefined;
	return createSupervisor({
		...listeners,
		...{ runtime, configuration },
		admin: ({ healthTimeoutSeconds }, of) => createProxyAdmin(of, healthTimeoutSeconds * 1_000),
		adminSocket: (instance) => adminSocket(context.config.socket, instance),
		listeners: readListeners,
		countRedirected: countAccepted,
		handOver: createHandOvers(context.config.stateDirectory),
		bootstraps: createBootstraps(context.config.stateDirectory),
	});
}

async function runtimeOf({ config }: DaemonContext): Promise<ProxyRuntime | undefined> {
	const { runtime, dockerSocket, name, pullStallSeconds } = config.envoy;
	const notes = createProcessNotes(config.stateDirectory);
	// An Envoy process of a former daemon with other settings would keep the ports.
	if (runtime !== 'process') await endOrphans(notes, STOP_GRACE_MS);
	switch (runtime) {
		case 'none':
			return undefined;
		case 'process': {
			const { createProcessRuntime } = await import('../../host/process/process-runtime.ts');
			return createProcessRuntime({ notes, adminFolder: adminFolder(config.socket), run: runProgram });
		}
		case 'docker': {
			// Loaded only if needed: it takes 13 MB.
			const { createDockerRuntime } = await import('../../host/docker/docker-runtime.ts');
			return createDockerRuntime({
				...{ socket: dockerSocket, name, owner: config.stateDirectory, adminFolder: adminFolder(config.socket) },
				...{ logins: createLogins(runProgram), pullStallMs: pullStallSeconds * 1_000 },
			});
		}
	}
}

/** The Envoy that the settings ask for; `image` overrides theirs. Writes no file yet. */
export type EnvoySpecOf = (context: DaemonContext, variables: Loaded['passThrough'], image?: string) => EnvoySpec;

/** `isMeshed`: this daemon serves its configuration. */
export async function createEnvoySpecs(isMeshed: boolean): Promise<EnvoySpecOf> {
	const ownBootstrap = await createOwnBootstrap(isMeshed);
	return (context, variables, image = context.config.envoy.image) =>
		envoySpecOf(context, variables, { isMeshed, ownBootstrap, image });
}

interface SpecContext {
	readonly isMeshed: boolean;
	readonly ownBootstrap: OwnBootstrap;
	readonly image: string;
}

function envoySpecOf(
	{ config, capture, host, backend }: DaemonContext,
	passThrough: Loaded['passThrough'],
	{ isMeshed, ownBootstrap, image }: SpecContext,
): EnvoySpec {
	const { ingressPort, egressPort, envoy } = config;
	const own = envoy.config === '' ? ownBootstrap(config, passThrough.env) : {};
	const [path = envoy.config] = Object.keys(own);
	const uid = envoyUser(capture);
	const isContainer = envoy.runtime === 'docker';
	const sockets = envoy.config === '' ? socketPaths(passThrough.env).map(mountOf) : [];
	const spec: ProxySpec = {
		image: isContainer ? image : '',
		pull: envoy.pull,
		command: isContainer ? entrypointFor(image, envoy.command) : envoy.command,
		args: envoyArguments(envoy, { bootstrap: path, variables: passThrough.env }),
		env: passThrough.env,
		uid,
		gid: envoyGid(capture.ignoreGids) ?? primaryGroup(uid),
		files: Object.fromEntries([path, ...passThrough.files].map((file) => [file, own[file] ?? textOf(file)])),
		memoryMegabytes: envoy.memoryMegabytes,
		openFiles: envoy.openFiles,
		mounts: [...new Set([...envoy.mounts, ...(isMeshed ? [dirname(adsSocket(config.socket))] : []), ...sockets])],
		logDriver: envoy.logDriver,
		logOptions: Object.fromEntries(envoy.logOptions),
		adminPort: envoy.adminPort,
		...(needsTransparency(config) ? { isTransparent: true } : {}),
	};
	const ports = {
		...(config.appPorts.length > 0 ? { ingressPort } : {}),
		egressPort,
		'envoy.adminPort': envoy.adminPort,
	};
	const isIpv6Sure = config.ipv6 === '1' && host.facts.ipv6(backend.name).obstacle === '';
	return { ...envoy, spec, ports, lanes: lanesOf(config), families: isIpv6Sure ? families : ['ipv4'] };
}

/** The socket's folder, as a server that starts again makes another socket; not one that is shared, such as /run. */
const mountOf = (socket: string): string => (dirname(dirname(socket)) === '/' ? socket : dirname(socket));

function textOf(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (cause) {
		throw new Failure(
			'envoy',
			`Cannot start Envoy: its file ${path} cannot be read: ${describeFsError(cause)}`,
			'See envoy.config (TURNOUT_ENVOY_CONFIG) and the variables that hold file paths',
			cause,
		);
	}
}
