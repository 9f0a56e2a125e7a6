import { holdsPort, type PortRange } from '../values/units.ts';
import { mistakeAt } from './mistake-at.ts';
import type { Mistake, ResourceOf } from './resource.ts';

export interface CapturedPorts {
	/** `*`: all but the ignored; undefined: those of the node. */
	readonly appPorts: readonly PortRange[] | '*' | undefined;
	readonly ingressIgnoredPorts: readonly PortRange[];
}

/** Ports that are captured and that the node's Envoy knows nothing of, and the other way round. */
export function appPortWarnings(node: ResourceOf<'virtualNode'>, captured: CapturedPorts): Mistake[] {
	const ports = (node.spec.listeners ?? []).map(({ portMapping }) => portMapping.port);
	const missing = ports.flatMap((port, at) => {
		const why = whyNotCaptured(port, captured);
		if (why === undefined) return [];
		const path = ['spec', 'listeners', at, 'portMapping', 'port'];
		return [mistakeAt(node, path, `connections to port ${port} go past Envoy on this host: ${why}`, '')];
	});
	const dead = deadPorts(captured.appPorts, ports);
	if (dead.length === 0) return missing;
	const why = `appPorts (APPMESH_APP_PORTS) has ${dead.join(', ')}, and the node listens on ${listed(ports)}`;
	const hint = 'Envoy ends connections to all other ports: unset appPorts, or add listeners';
	return [...missing, mistakeAt(node, ports.length === 0 ? ['spec'] : ['spec', 'listeners'], why, hint)];
}

function whyNotCaptured(port: number, { appPorts, ingressIgnoredPorts }: CapturedPorts): string | undefined {
	if (holdsPort(ingressIgnoredPorts, port)) return 'it is among ingressIgnoredPorts (TURNOUT_INGRESS_IGNORED_PORTS)';
	if (appPorts === undefined || appPorts === '*' || holdsPort(appPorts, port)) return undefined;
	return 'it is not among appPorts (APPMESH_APP_PORTS)';
}

function deadPorts(appPorts: CapturedPorts['appPorts'], ports: readonly number[]): readonly string[] {
	if (appPorts === undefined) return [];
	return appPorts === '*' ? ['*'] : appPorts.filter((range) => !isServed(range, ports)).map(rangeText);
}

/** Each of its ports has a listener. */
function isServed({ from, to }: PortRange, ports: readonly number[]): boolean {
	const within = new Set(ports.filter((port) => from <= port && port <= to));
	return within.size === to - from + 1;
}

const rangeText = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);

const listed = (ports: readonly number[]): string => (ports.length === 0 ? 'none' : `${ports.join(', ')} alone`);
