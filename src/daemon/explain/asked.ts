import { isIP } from 'node:net';
import type { OpenConnection } from '../../connections/connections.ts';
import { Failure } from '../../failure.ts';
import { quote, shown } from '../../lib/escape.ts';
import type { ExplainRequest } from '../../localapi/explained.ts';
import type { ConnectionAttempt } from '../../ruleset/match-attempt.ts';
import { parseCidr } from '../../values/cidr.ts';
import { parsePlace } from '../../values/place.ts';
import { UNITS_ALLOWED } from '../../values/unit-name.ts';
import type { Family } from '../../values/units.ts';
import type { Account, ExplainFacts, ProcessView, Route } from './asked-facts.ts';

/** A connection that is asked about. `through`: from one other host to another one, as of a container. */
export interface Asked {
	readonly way: 'out' | 'in' | 'through';
	readonly family: Family;
	readonly attempt: ConnectionAttempt;
	readonly question: string;
	readonly notes: readonly string[];
	readonly open?: OpenConnection;
}

export const ALLOWED = 'out HOST:PORT, in PORT --from ADDRESS, or --pid PID';

/** A Failure with code `usage` for what cannot be understood, or is not there. */
export async function connectionsAsked(request: ExplainRequest, facts: ExplainFacts): Promise<readonly Asked[]> {
	if (request.out !== undefined) return [await outwards(request, request.out, facts)];
	if (request.in !== undefined) return [await inwards(request, request.in, facts)];
	throw refused('neither a destination, nor a port, nor a process is named', ALLOWED);
}

export const refused = (why: string, allowed: string): Failure =>
	new Failure('usage', `Cannot explain: ${why}`, `Allowed: ${allowed}`);

async function outwards(request: ExplainRequest, target: string, facts: ExplainFacts): Promise<Asked> {
	const place = parsePlace(target);
	if (place === undefined) throw refused(`${quote(target)} is not a destination`, 'HOST:PORT, [IPV6]:PORT');
	const { address, notes } = await addressOf(place.host, facts);
	const family = familyOf(address);
	const route = await facts.route(family, address);
	const at = `${bracketed(address)}:${place.port}`;
	const to: Destination = {
		...{ family, address, port: place.port, route, notes },
		text: at === target ? at : `${at} (${shown(target)})`,
	};
	const from = request.from === undefined ? undefined : addressIn(request.from, family);
	const origin = from === undefined ? undefined : await facts.route(family, from);
	const isElsewhere = from !== undefined && origin?.isLocal !== true;
	return isElsewhere
		? fromElsewhere(to, from, request.interface ?? origin?.interface ?? '')
		: fromHere(to, from, request, facts);
}

interface Destination {
	readonly family: Family;
	readonly address: string;
	readonly port: number;
	readonly route: Route | undefined;
	readonly text: string;
	readonly notes: readonly string[];
}

function fromElsewhere({ family, address, port, route, text, notes }: Destination, from: string, by: string): Asked {
	const isToHere = route?.isLocal === true;
	const question = `a connection of ${from} to ${text}, arriving by ${by || 'no interface'}`;
	const attempt = { from, to: address, port, interface: by, isFromHere: false, isToHere };
	return { way: isToHere ? 'in' : 'through', family, attempt, question, notes };
}

async function fromHere(
	{ family, address, port, route, text, notes }: Destination,
	from: string | undefined,
	request: ExplainRequest,
	facts: ExplainFacts,
): Promise<Asked> {
	const { uid, gid, cgroups, by } = await ownerOf(request, facts);
	const isToHere = route?.isLocal === true;
	const source = from ?? (route?.source || (isToHere ? address : ''));
	const through = request.interface ?? route?.interface ?? '';
	const unreachable = route === undefined ? [`there is no route to ${address}: no connection leaves`] : [];
	return {
		...{ way: 'out', family, notes: [...notes, ...unreachable] },
		question: `a connection of ${by} to ${text}, by ${through || 'no interface'}`,
		attempt: { from: source, to: address, port, interface: through, isFromHere: true, isToHere, uid, gid, cgroups },
	};
}

async function inwards(request: ExplainRequest, port: number, facts: ExplainFacts): Promise<Asked> {
	if (request.from === undefined) throw refused('it is not said who connects', 'in PORT --from ADDRESS');
	const family = isIP(request.from) === 6 ? 'ipv6' : 'ipv4';
	const from = addressIn(request.from, family);
	const route = await facts.route(family, from);
	const isFromHere = route?.isLocal === true;
	const by = request.interface ?? route?.interface ?? '';
	const attempt = { from, to: route?.source || from, port, interface: by, isFromHere, isToHere: true };
	return {
		...{ way: 'in', family, attempt, notes: [] },
		question: `a connection of ${from} to port ${port} of this host, arriving by ${by || 'no interface'}`,
	};
}

/** What a new connection would be like that is as this one. */
export async function askedOf(
	open: OpenConnection,
	{ uid, gid, cgroups }: Pick<ProcessView, 'uid' | 'gid' | 'cgroups'>,
	facts: ExplainFacts,
): Promise<Asked> {
	const { family, local, remote, isAccepted, isHostLocal } = open;
	const route = await facts.route(family, remote.address);
	const through = isHostLocal ? 'lo' : (route?.interface ?? '');
	const between = isAccepted
		? { from: remote.address, to: local.address, port: local.port }
		: { from: local.address, to: remote.address, port: remote.port, uid, gid, cgroups };
	const place = `${bracketed(between.to)}:${between.port}`;
	return {
		...{ way: isAccepted ? 'in' : 'out', family, open, notes: [] },
		question: isAccepted ? `one of ${between.from} to ${place}` : `one to ${place}`,
		attempt: {
			...{ ...between, interface: through },
			...{ isFromHere: !isAccepted || isHostLocal, isToHere: isAccepted || isHostLocal },
		},
	};
}

const familyOf = (address: string): Family => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

async function addressOf(host: string, { addressesOf }: ExplainFacts) {
	if (isIP(host) > 0) return { address: addressIn(host, familyOf(host)), notes: [] };
	const [address, ...others] = (await addressesOf(host)) ?? [];
	if (address === undefined) throw refused(`${quote(host)} does not resolve on this host`, 'a name, or an address');
	const more = others.length === 0 ? [] : [`${host} has more addresses, each to be asked for: ${others.join(', ')}`];
	return { address, notes: more };
}

/** As inet_ntop(3) spells it. */
function addressIn(text: string, family: Family): string {
	const allowed = `an ${NAMES[family]} address`;
	if (isIP(text) !== VERSIONS[family])
		throw refused(`${quote(text)} is not an address that can connect there`, allowed);
	try {
		return parseCidr(text).address;
	} catch (cause) {
		throw refused(cause instanceof Error ? cause.message : String(cause), allowed);
	}
}
const VERSIONS = { ipv4: 4, ipv6: 6 } as const;
const NAMES = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

async function ownerOf({ user = '0', group, unit }: ExplainRequest, facts: ExplainFacts) {
	const account = await facts.user(user);
	if (account === undefined) throw refused(`there is no user ${quote(user)} on this host`, 'a name, or an id');
	const own = group === undefined ? { id: account.gid, name: '' } : await facts.group(group);
	if (own === undefined) throw refused(`there is no group ${quote(group ?? '')} on this host`, 'a name, or an id');
	const by = `user ${shownAccount(account)}${group === undefined ? '' : ` with group ${shownAccount(own)}`}`;
	const cgroups = unit === undefined ? [] : cgroupsIn(unit, facts);
	return { uid: account.id, gid: own.id, cgroups, by: unit === undefined ? by : `${by} in ${unit}` };
}

function cgroupsIn(unit: string, { cgroupsOf }: ExplainFacts): readonly number[] {
	const found = cgroupsOf(unit);
	if (found === undefined) throw refused(`there is no unit ${quote(unit)} running on this host`, UNITS_ALLOWED);
	return found;
}

const shownAccount = ({ id, name }: Account): string => (name === '' ? String(id) : `${name} (${id})`);
