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
	const ports = listeners.map(({ portMapping }) => portMapping);
	const chosen = port === undefined ? ports : ports.filter((each) => each.port === port);
	const isClear = port === undefined ? ports.length < 2 : chosen.length > 0;
	if (isClear && (ports.length === 0 || chosen.some((each) => each.protocol === protocol))) return [];
	const owner = `${what} ${quote(name)}`;
	if (!isClear) {
		const [why, hint] =
			port === undefined
				? [`${owner} has several listeners, and the route does not say for which one it is`, 'write match.port:']
				: [`${owner} does not listen on ${port}`, 'it has'];
		return [{ ...placeOf(`spec.${key}.match.port`), why, hint: `${hint} ${portsText(ports)}` }];
	}
	const why = `${key} does not fit ${owner}, which has ${chosen.map((each) => each.protocol).join(', ')}`;
	const hint = 'use the route of its protocol, or change its listener (aws-app-mesh-roadmap #82)';
	return [{ ...placeOf(`spec.${key}`), why, hint }];
}
