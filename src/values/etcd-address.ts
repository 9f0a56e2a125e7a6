import { quote } from '../lib/escape.ts';
import { type Place, parsePlace } from './place.ts';
import { type PortRange, parsePorts } from './units.ts';

/** Where definitions are kept that many hosts share: `etcd://HOST:2379,HOST2:2379/PREFIX`. */
export interface EtcdAddress {
	/** As it was written. */
	readonly text: string;
	readonly members: readonly Place[];
	/** What every key begins with: `/PREFIX/`. */
	readonly prefix: string;
}

const SCHEME = 'etcd://';
const PORT = 2_379;

export const isEtcd = (text: string): boolean => text.startsWith(SCHEME);

/** The one among definitions, which then has all of them. */
export const etcdAmong = (definitions: readonly string[]): EtcdAddress | undefined =>
	definitions.filter(isEtcd).map(parseEtcd)[0];

/** On which its members are called. */
export const etcdPorts = (definitions: readonly string[]): PortRange[] =>
	parsePorts((etcdAmong(definitions)?.members ?? []).map(({ port }) => port).join());

/** Throws an Error that says what is wrong. */
export function parseEtcd(text: string): EtcdAddress {
	const [, hosts = '', path = ''] = /^etcd:\/\/([^/]*)(.*)$/.exec(text) ?? [];
	const members = hosts.split(',').map((host) => {
		const place = parsePlace(host.trim(), PORT);
		if (place === undefined) throw new Error(`${quote(text)}: ${quote(host)} is no HOST:PORT`);
		return place;
	});
	const prefix = path.replace(/\/+$/, '');
	if (prefix === '') throw new Error(`${quote(text)} names no prefix of keys, such as etcd://${hosts}/turnout`);
	if (/\/\//.test(prefix)) throw new Error(`${quote(text)}: its prefix has an empty part`);
	return { text, members, prefix: `${prefix}/` };
}

/** A list whose commas are also between the hosts of an etcd. */
export function splitDefinitions(text: string): string[] {
	const parts: string[] = [];
	for (const part of text.split(',').map((each) => each.trim())) {
		const last = parts.at(-1);
		if (last !== undefined && isEtcd(last) && !last.slice(SCHEME.length).includes('/'))
			parts.splice(-1, 1, `${last},${part}`);
		else if (part !== '') parts.push(part);
	}
	return parts;
}
