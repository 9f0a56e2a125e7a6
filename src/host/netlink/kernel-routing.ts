import type { RtNetlinkSocket } from 'netlink/dist/rt/rt.js';
import { Failure } from '../../failure.ts';
import { createMutex } from '../../lib/mutex.ts';
import type { PolicyRule, Routing, RoutingStep, TableRoute } from '../../routing/routing.ts';
import type { Family } from '../../values/units.ts';
import { errnoOf } from './errno.ts';
import { openRtNetlink } from './open-socket.ts';

/** Address families (socket.h): AF_INET, AF_INET6. */
const AF = { ipv4: 2, ipv6: 10 } as const;
const LOOPBACK = 1;
/** Types of routes (linux/rtnetlink.h); the netlink package gives names to some of them. */
const RTN = { LOCAL: 2, THROW: 9 } as const;
/** RT_SCOPE_HOST: within this host (rtnetlink.h). */
const SCOPE_HOST = 254;
/** RT_TABLE_COMPAT: in the header if the table's number does not fit a byte. */
const TABLE_COMPAT = 252;
const TIMEOUT_MS = 5_000;

/** The kernel's policy rules and routes. The sockets do not keep the process alive. */
export function createRouting(): Routing {
	const rules = { ipv4: serialized(readRules, 'ipv4'), ipv6: serialized(readRules, 'ipv6') };
	const routes = { ipv4: serialized(readRoutes, 'ipv4'), ipv6: serialized(readRoutes, 'ipv6') };
	const [socket, mutex] = [openRtNetlink(), createMutex()];
	return {
		rules: (family) => rules[family](),
		routes: (family) => routes[family](),
		change: (step) => mutex(() => change(socket, step)),
	};
}

type Read<T> = (socket: RtNetlinkSocket, family: Family) => Promise<T[]>;

/** The netlink package mixes up two answers that arrive at once: each list has a socket of its own, and one request at a time. */
function serialized<T>(read: Read<T>, family: Family): () => Promise<readonly T[]> {
	const [socket, mutex] = [openRtNetlink(), createMutex()];
	return () => mutex(() => tolerant(() => read(socket, family)));
}

async function readRules(socket: RtNetlinkSocket, family: Family): Promise<PolicyRule[]> {
	const messages = await socket.getRules({ family: AF[family] }, {}, { timeout: TIMEOUT_MS });
	return messages.map(({ data, attrs }) => ({
		family,
		priority: attrs.priority ?? 0,
		table: attrs.table ?? data.table ?? 0,
		mark: attrs.fwmark,
		mask: attrs.fwmask,
		hasOtherSelectors:
			Boolean(data.srcLen || data.dstLen || data.tos || data.flags?.invert) ||
			[attrs.iifname, attrs.oifname, attrs.uidRange, attrs.ipProto].some((value) => value !== undefined),
		protocol: attrs.protocol ?? 0,
	}));
}

async function readRoutes(socket: RtNetlinkSocket, family: Family): Promise<TableRoute[]> {
	const messages = await socket.getRoutes({ family: AF[family] }, {}, { timeout: TIMEOUT_MS });
	return messages.map(({ data, attrs }) => {
		const table = attrs.table ?? data.table ?? 0;
		const [metric, text] = [attrs.priority ?? 0, routeText(family, data, attrs)];
		return { family, table, kind: kindOf(data, attrs), metric, protocol: numberOf(data.protocol), text };
	});
}

function kindOf(data: { dstLen?: number; type?: unknown }, { oif }: { oif?: number }): TableRoute['kind'] {
	const is = (name: keyof typeof RTN) => data.dstLen === 0 && (data.type === name || data.type === RTN[name]);
	if (is('LOCAL') && oif === LOOPBACK) return 'local';
	return is('THROW') ? 'throw' : 'other';
}

/** The netlink package gives names to known protocols; ours stays a number. */
const numberOf = (protocol: unknown): number => (typeof protocol === 'number' ? protocol : 0);

function routeText(family: Family, data: { dstLen?: number; type?: unknown }, attrs: { dst?: Buffer }): string {
	const bytes = [...(attrs.dst ?? [])];
	const address = family === 'ipv4' ? bytes.join('.') : (attrs.dst?.toString('hex').match(/.{4}/g) ?? []).join(':');
	const kind = typeof data.type === 'string' && data.type !== 'UNICAST' ? `${data.type.toLowerCase()} ` : '';
	return `${kind}${address === '' ? 'default' : `${address}/${data.dstLen}`}`;
}

async function change(socket: RtNetlinkSocket, step: RoutingStep): Promise<void> {
	try {
		switch (step.kind) {
			case 'add-rule':
				return void (await socket.newRule(...ruleMessage(step.rule), create));
			case 'remove-rule':
				return void (await socket.delRule(...ruleMessage(step.rule), wait));
			case 'add-route':
				return void (await socket.newRoute(...routeMessage(step.route), create));
			case 'remove-route':
				return void (await socket.delRoute(...routeMessage(step.route), wait));
		}
	} catch (error) {
		if (isDone(step, errnoOf(error))) return;
		throw routingFailure(step, error);
	}
}

const wait = { timeout: TIMEOUT_MS };
/** NLM_F_CREATE | NLM_F_EXCL (linux/netlink.h). */
const create = { flags: 0x400 | 0x200, timeout: TIMEOUT_MS };

/** Somebody else did the same first. */
function isDone({ kind }: RoutingStep, errno: string | undefined): boolean {
	if (kind === 'add-rule' || kind === 'add-route') return errno === 'EEXIST';
	return errno === 'ENOENT' || errno === 'ESRCH';
}

function ruleMessage({ family, table, mark, mask, priority, protocol }: PolicyRule) {
	const data = { family: AF[family], table: shortTable(table), action: 'toTbl' } as const;
	const attrs = {
		table,
		priority,
		...(mark === undefined ? {} : { fwmark: mark }),
		...(mask === undefined ? {} : { fwmask: mask }),
		...(protocol === 0 ? {} : { protocol }),
	};
	return [data, attrs] as const;
}

/**
 * A gateway is looked for among routes of a narrower scope than the route by it has: also what sends the kernel on is to
 * be found there (fib_table_lookup, fib_trie.c).
 */
function routeMessage({ family, table, kind, metric, protocol }: TableRoute) {
	const data = {
		family: AF[family],
		table: shortTable(table),
		type: kind === 'throw' ? 'THROW' : 'LOCAL',
		scope: family === 'ipv4' ? SCOPE_HOST : 0,
		...(protocol === 0 ? {} : { protocol }),
	} as const;
	const priority = metric === 0 ? {} : { priority: metric };
	return [data, { table, ...(kind === 'throw' ? {} : { oif: LOOPBACK }), ...priority }] as const;
}

const shortTable = (table: number): number => (table < 256 ? table : TABLE_COMPAT);

/** A kernel without a family, or without policy routing, has no rules of it. */
async function tolerant<T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> {
	try {
		return await read();
	} catch (error) {
		if (['EAFNOSUPPORT', 'EOPNOTSUPP', 'EPROTONOSUPPORT'].includes(errnoOf(error) ?? '')) return [];
		throw new Failure('routing', `Cannot read the policy rules and routes: ${String(error)}`, REMEDY, error);
	}
}

const REMEDY = 'See `ip rule` and `ip route show table all`';

function routingFailure({ kind }: RoutingStep, error: unknown): Failure {
	const errno = errnoOf(error) ?? String(error);
	if (errno === 'EPERM')
		return new Failure(
			'permission',
			`Cannot ${kind.replace('-', ' the ')}: this needs CAP_NET_ADMIN`,
			'Run it as root',
			error,
		);
	return new Failure('routing', `Cannot ${kind.replace('-', ' the ')}: ${errno}`, REMEDY, error);
}
