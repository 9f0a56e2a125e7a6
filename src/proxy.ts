import { renderBootstrap } from './envoy/bootstrap.ts';
import { envoyArguments, envoyGid, envoyUid } from './envoy/launch.ts';
import type { Life } from './envoy/life.ts';
import { createSupervisor, type Supervisor } from './envoy/supervise.ts';
import { primaryGroup } from './host/accounts.ts';
import { createProxyAdmin } from './host/admin.ts';
import { hasIpv6Sockets } from './host/facts.ts';
import { countAccepted, readListeners } from './host/listeners.ts';
import { createProcessRuntime } from './host/process.ts';
import { writeBootstrap } from './host/state.ts';
import type { Survey } from './survey.ts';

/** Where no user is ignored but a group is, Envoy runs as the user that the 2019 guide gave it. */
const GUIDE_UID = 1337;

export interface ProxyListeners {
	readonly onOutput: (line: string) => void;
	readonly onChange: (life: Life) => void;
}

/** Envoy as the settings want it; undefined where somebody else runs it. */
export function createProxy({ config, capture }: Survey, listeners: ProxyListeners): Supervisor | undefined {
	if (config.envoy.runtime !== 'process') return undefined;
	const { ingressPort, egressPort, bridges } = config;
	const { adminPort } = config.envoy;
	const input = { ingressPort, egressPort, adminPort, hasIpv6: hasIpv6Sockets(), capturesBridges: bridges.length > 0 };
	const bootstrap = () => config.envoy.config || writeBootstrap(config.stateDirectory, renderBootstrap(input));
	const uid = envoyUid(capture.ignoreUids) ?? GUIDE_UID;
	const gid = envoyGid(capture.ignoreGids) ?? primaryGroup(uid);
	return createSupervisor({
		...listeners,
		runtime: createProcessRuntime(),
		admin: createProxyAdmin(adminPort),
		launch: () => ({ command: config.envoy.command, args: envoyArguments(config.envoy, bootstrap()), uid, gid }),
		ports: { ...(config.appPorts.length > 0 ? { ingressPort } : {}), egressPort, 'envoy.adminPort': adminPort },
		listeners: readListeners,
		captured: () => countAccepted([ingressPort, egressPort]),
		startSeconds: config.envoy.startSeconds,
		drainSeconds: config.envoy.drainSeconds,
	});
}
