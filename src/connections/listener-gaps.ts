import type { Family } from '../values/units.ts';

/** Where captured connections arrive: REDIRECT sends those of this host to the loopback address, those of others to the address of the incoming interface. */
export interface Arrival {
	readonly from: 'this host' | 'others';
	readonly family: Family;
}

/** A port that captured connections are redirected to. */
export interface Lane {
	/** The setting that names the port. */
	readonly key: 'ingressPort' | 'egressPort';
	readonly port: number;
	readonly from: readonly Arrival['from'][];
}

/** A listener; `0.0.0.0` and `::` mean all addresses. */
export interface Listening {
	readonly address: string;
	readonly port: number;
	/** `::` does not accept IPv4; undefined if unknown. */
	readonly isIpv6Only?: boolean;
}

/** A lane on which some captured connections find no listener. */
export interface Gap {
	readonly lane: Lane;
	/** Addresses with a listener on the port, if any; sorted, as Envoy lists its listeners in any order. */
	readonly at: readonly string[];
	readonly lost: readonly Arrival[];
}

interface RedirectSettings {
	readonly ingressPort: number;
	readonly egressPort: number;
	readonly appPorts: { readonly length: number };
	readonly bridges: { readonly length: number };
}

export const lanesOf = ({ ingressPort, egressPort, appPorts, bridges }: RedirectSettings): Lane[] => [
	...(appPorts.length > 0 ? [{ key: 'ingressPort', port: ingressPort, from: ['others'] } as const] : []),
	{ key: 'egressPort', port: egressPort, from: bridges.length > 0 ? ['this host', 'others'] : ['this host'] },
];

/** Only definite gaps: a listener on an interface's address may be the right one. */
export const gapsIn = (lanes: readonly Lane[], families: readonly Family[], all: readonly Listening[]): Gap[] =>
	lanes.flatMap((lane) => {
		const its = all.filter(({ port }) => port === lane.port);
		const arrivals = lane.from.flatMap((from) => families.map((family): Arrival => ({ from, family })));
		const lost = arrivals.filter((arrival) => !its.some((one) => isReached(one, arrival)));
		return lost.length === 0 ? [] : [{ lane, at: [...new Set(its.map(({ address }) => address))].sort(), lost }];
	});

const loopback = { ipv4: '127.0.0.1', ipv6: '::1' } as const;

function isReached({ address, isIpv6Only = false }: Listening, { from, family }: Arrival): boolean {
	if (address === '::') return family === 'ipv6' || !isIpv6Only;
	// RFC 4291, 2.5.5.2
	const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
	if (plain.includes(':') !== (family === 'ipv6')) return false;
	if (plain === '0.0.0.0') return true;
	return from === 'this host' ? plain === loopback[family] : !/^127\.|^::1$/.test(plain);
}

/** The gap that such a connection would hit; undefined if there is none, or it is uncertain. */
export const gapOf = (gaps: readonly Gap[], key: Lane['key'], { from, family }: Arrival): Gap | undefined =>
	gaps.find(({ lane, lost }) => lane.key === key && lost.some((one) => one.from === from && one.family === family));

export const isSilent = ({ at }: Gap): boolean => at.length === 0;

/** For a gap with a listener at other addresses. */
export function gapText({ lane, at, lost }: Gap, families: readonly Family[]): string {
	const whom = lane.from.flatMap((from) => {
		const its = lost.filter((one) => one.from === from).map(({ family }) => (family === 'ipv4' ? 'IPv4' : 'IPv6'));
		if (its.length === 0) return [];
		return [its.length === families.length ? from : `${from} over ${its.join(' and ')}`];
	});
	const where = `on ${lane.port} (${lane.key}) it listens on ${at.join(' and ')} only`;
	return `${where}, where no captured connection of ${whom.join(' and of ')} arrives`;
}
