import { quote } from '../lib/escape.ts';
import type { Mistake, Place } from './resource.ts';
import { portsText, type ServicePort } from './service-ports.ts';

interface Listening {
	readonly what: 'virtual router' | 'virtual gateway';
	readonly name: string;
	readonly listeners: readonly { readonly portMapping: ServicePort }[];
}

interface Choosing {
	readonly placeOf: (path: string) => Place;
	readonly key: string;
	readonly protocol: string;
	/** `match.port` */
	readonly port: number | undefined;
}

/** A route is of one listener of its router or gateway, and of that one's protocol. */
export function checkListenerChoice(
	{ what, name, listeners }: Listening,
	{ placeOf, key, protocol, port }: Choosing,
): Mistake[] {
	const owner = `${what} ${quote(name)}`;
	const path = `spec.${key}.match.port`;
	const ports = listeners.map(({ portMapping }) => portMapping);
	if (port === undefined && ports.length > 1) {
		const why = `${owner} has several listeners, and the route does not say for which one it is`;
		return [{ ...placeOf(path), why, hint: `write match.port: ${portsText(ports)}` }];
	}
	const chosen = port === undefined ? ports : ports.filter((each) => each.port === port);
	if (port !== undefined && chosen.length === 0)
		return [{ ...placeOf(path), why: `${owner} does not listen on ${port}`, hint: `it has ${portsText(ports)}` }];
	if (chosen.length === 0 || chosen.some((each) => each.protocol === protocol)) return [];
	const why = `${key} does not fit ${owner}, which has ${chosen.map((each) => each.protocol).join(', ')}`;
	const hint = 'use the route of its protocol, or change its listener (aws-app-mesh-roadmap #82)';
	return [{ ...placeOf(`spec.${key}`), why, hint }];
}
