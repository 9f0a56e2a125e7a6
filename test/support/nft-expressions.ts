// A rule in nft's words (nft(8)) as nft's JSON has it (libnftables-json(5)), as far as the rules of ours and our neighbours' go.
import type { Json } from '../../src/firewall/foreign/nft-json.ts';

export interface ParsedRule {
	readonly expr: readonly Json[];
	readonly comment?: string;
	readonly jumpsTo?: string;
	readonly counter?: string;
	/** The names of those that it looks up. */
	readonly sets: readonly string[];
}

/** Undefined for what nft itself would not read either. */
export function parseRule(text: string): ParsedRule | undefined {
	const [, words = '', comment] = /^(.*?)(?: comment "([^"]*)")?$/.exec(text) ?? [];
	const expr: Json[] = [];
	let rest = words;
	while (rest !== '') {
		const found = statements.map(([pattern, make]) => ({ match: pattern.exec(rest), make })).find(({ match }) => match);
		if (!found?.match) return undefined;
		const [whole, ...parts] = found.match;
		expr.push(found.make(...parts.map(String)));
		rest = rest.slice(whole.length).trimStart();
	}
	const named = (name: string) => expr.map((each) => inside(each, name)).find((value) => value !== undefined);
	const jump = inside(named('jump'), 'target');
	const counter = named('counter');
	return {
		expr,
		sets: [...words.matchAll(/ @(\S+)/g)].map(([, name = '']) => name),
		...(comment === undefined ? {} : { comment }),
		...(typeof jump === 'string' ? { jumpsTo: jump } : {}),
		...(typeof counter === 'string' ? { counter } : {}),
	};
}

const inside = (json: Json | undefined, name: string): Json | undefined =>
	typeof json === 'object' && json !== null && !Array.isArray(json) ? Object(json)[name] : undefined;

const OPERAND = String.raw`(\{ [^}]* \}|\S+)`;
const match = (op: string, left: Json, right: Json): Json => ({ match: { op, left, right } });

/** What each begins with, and what it becomes. */
const statements: readonly (readonly [RegExp, (...parts: string[]) => Json])[] = [
	[
		/^tcp flags & (\([^)]*\)|\w+) (==|!=) (\([^)]*\)|\w+)/,
		(mask = '', op = '', bits = '') =>
			match(op, { '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, bitsOf(mask)] }, bitsOf(bits)),
	],
	[
		new RegExp(`^(tcp|ip|ip6) (dport|sport|daddr|saddr) (!= )?${OPERAND}`),
		(protocol = '', field = '', not = '', operand = '') =>
			match(not === 'undefined' ? '==' : '!=', { payload: { protocol, field } }, operandOf(operand)),
	],
	[/^meta mark set (\d+)/, (mark = '') => ({ mangle: { key: { meta: { key: 'mark' } }, value: Number(mark) } })],
	[/^ct mark set (\d+)/, (mark = '') => ({ mangle: { key: { ct: { key: 'mark' } }, value: Number(mark) } })],
	[/^ct mark (\d+)/, (mark = '') => match('==', { ct: { key: 'mark' } }, Number(mark))],
	[/^ct direction (\w+)/, (direction = '') => match('==', { ct: { key: 'direction' } }, direction)],
	[/^ct status ([\w,]+)/, (names = '') => match('in', { ct: { key: 'status' } }, single(names.split(',')))],
	[/^meta iifkind "([^"]*)"/, (kind = '') => match('==', { meta: { key: 'iifkind' } }, kind)],
	[/^socket cgroupv2 level \d+ "([^"]+)"/, (path = '') => match('==', { socket: { key: 'cgroupv2' } }, path)],
	[/^socket (\w+) (\d+)/, (key = '', value = '') => match('==', { socket: { key } }, Number(value))],
	[/^tproxy (ip6?) to :(\d+)/, (family = '', port = '') => ({ tproxy: { family, port: Number(port) } })],
	[/^dnat to :(\d+)-(\d+)/, (from = '', to = '') => ({ dnat: { port: { range: [Number(from), Number(to)] } } })],
	[
		new RegExp(`^meta (\\w+) (>= )?${OPERAND}`),
		(key = '', op = '', operand = '') => match(op === 'undefined' ? '==' : '>=', { meta: { key } }, operandOf(operand)),
	],
	[/^([io]ifname) "([^"]*)"/, (key = '', name = '') => match('==', { meta: { key } }, name)],
	[
		/^fib (saddr|daddr) type (!= )?(\w+)/,
		(flag = '', not = '', type = '') =>
			match(not === 'undefined' ? '==' : '!=', { fib: { result: 'type', flags: [flag] } }, type),
	],
	[/^ct state ([\w,]+)/, (states = '') => match('in', { ct: { key: 'state' } }, single(states.split(',')))],
	[/^counter name "([^"]*)"/, (name = '') => ({ counter: name })],
	[/^counter\b/, () => ({ counter: { packets: 0, bytes: 0 } })],
	[/^redirect to :(\d+)/, (port = '') => ({ redirect: { port: Number(port) } })],
	[/^jump (\S+)/, (target = '') => ({ jump: { target } })],
	[/^(return|drop|accept)\b/, (verdict = '') => ({ [verdict]: null })],
];

const single = (list: readonly string[]): Json => (list.length === 1 ? String(list[0]) : list);

/** nft(8): masks come as lists, single bits by their name. */
const bitsOf = (text: string): Json => single(text.replace(/[()]/g, '').split(' | '));

/** An address, a number, a network, a range or a list. */
export function operandOf(text: string): Json {
	if (text.startsWith('{')) return { set: text.slice(2, -2).split(', ').map(operandOf) };
	const [, from, to] = /^([^-]+)-([^-]+)$/.exec(text) ?? [];
	if (from !== undefined && to !== undefined) return { range: [operandOf(from), operandOf(to)] };
	const [, addr, bits] = /^(.*[.:].*)\/(\d+)$/.exec(text) ?? [];
	if (addr !== undefined) return { prefix: { addr, len: Number(bits) } };
	return /^\d+$/.test(text) ? Number(text) : text;
}
