import type { Family } from '../values/units.ts';

/** REDIRECT gives what this host dials the loopback's address, and what others dial that of the interface they come in by. */
export interface Arrival {
	readonly from: 'this host' | 'others';
	readonly family: Family;
}

/** A port that captured connections are led to. */
export interface Lane {
	/** Its setting. */
	readonly key: 'ingressPort' | 'egressPort';
	readonly port: number;
	readonly from: readonly Arrival['from'][];
}

/** An address as Envoy writes it: `0.0.0.0` and `::` are all. */
export interface Listening {
	readonly address: string;
	readonly port: number;
	/** `::` takes no IPv4; undefined where that is not known. */
	readonly isIpv6Only?: boolean;
}

/** A lane on which something captured finds nobody. */
export interface Gap {
	readonly lane: Lane;
	/** Where it is listened on, if anywhere. */
	readonly at: readonly string[];
	readonly lost: readonly Arrival[];
}

interface Led {
	readonly ingressPort: number;
	readonly egressPort: number;
	readonly appPorts: { readonly length: number };
	readonly bridges: { readonly length: number };
}

export const lanesOf = ({ ingressPort, egressPort, appPorts, bridges }: Led): Lane[] => [
	...(appPorts.length > 0 ? [{ key: 'ingressPort', port: ingressPort, from: ['others'] } as const] : []),
	{ key: 'egressPort', port: egressPort, from: bridges.length > 0 ? ['this host', 'others'] : ['this host'] },
];

/** Only what is sure: an address of an interface may be the right one. */
export const gapsIn = (lanes: readonly Lane[], families: readonly Family[], all: readonly Listening[]): Gap[] =>
	lanes.flatMap((lane) => {
		const its = all.filter(({ port }) => port === lane.port);
		const arrivals = lane.from.flatMap((from) => families.map((family): Arrival => ({ from, family })));
		const lost = arrivals.filter((arrival) => !its.some((one) => isReached(one, arrival)));
		return lost.length === 0 ? [] : [{ lane, at: [...new Set(its.map(({ address }) => address))], lost }];
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

/** Why a captured connection that comes so would find nobody; undefined where it finds somebody, or that is not sure. */
export const gapOf = (gaps: readonly Gap[], key: Lane['key'], { from, family }: Arrival): Gap | undefined =>
	gaps.find(({ lane, lost }) => lane.key === key && lost.some((one) => one.from === from && one.family === family));

export const isSilent = ({ at }: Gap): boolean => at.length === 0;

/** Of one that is listened on. */
export function gapText({ lane, at, lost }: Gap, families: readonly Family[]): string {
	const whom = lane.from.flatMap((from) => {
		const its = lost.filter((one) => one.from === from).map(({ family }) => (family === 'ipv4' ? 'IPv4' : 'IPv6'));
		if (its.length === 0) return [];
		return [its.length === families.length ? from : `${from} over ${its.join(' and ')}`];
	});
	const where = `on ${lane.port} (${lane.key}) it listens at ${at.join(' and ')} only`;
	return `${where}, where no captured connection of ${whom.join(' and of ')} arrives`;
}
