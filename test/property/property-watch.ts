// The host of a property as others' tools see it, from inside its namespace.
import { runCommand } from '../../src/host/process/command.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { type Family, families } from '../../src/values/units.ts';
import type { Dialect } from '../lab/net/restore.ts';
import type { Backend } from '../support/dialects.ts';

export interface Saved {
	readonly iptables: Readonly<Record<Family, string>>;
	/** Of our table of nft, as JSON; undefined for other backends. */
	readonly listing: string | undefined;
}

export interface Watch {
	readonly save: () => Promise<Saved>;
	/** Throws unless everything is as it was; then it is made so, for the smaller settings that are tried next. */
	readonly requireUntouched: () => Promise<void>;
}

const prefixes = ['iptables', 'ip6tables'] as const;

/** Takes the host as it is now for what it is to be. */
export async function createWatch({ backend, dialect }: Backend, routing: Routing): Promise<Watch> {
	const save = async () => {
		const [ipv4, ipv6] = await Promise.all(prefixes.map((prefix) => shell(`${prefix}-${dialect}-save`)));
		return { ipv4: ipv4 ?? '', ipv6: ipv6 ?? '' };
	};
	const look = async (): Promise<string> => {
		const rules = dialect === 'nft' ? shell('nft list ruleset') : save().then(({ ipv4, ipv6 }) => ipv4 + ipv6);
		return withoutChance((await Promise.all([rules, readRouting(routing)])).join(''));
	};
	const reset = createReset(dialect, await save());
	let untouched = await look();
	return {
		async save() {
			const listing = backend === 'nft' ? await shell('nft --json list table inet turnout') : undefined;
			return { iptables: await save(), listing };
		},
		async requireUntouched() {
			const before = untouched;
			const now = await look();
			if (now === before) return;
			await reset();
			// Its tables may have another order now.
			untouched = await look();
			throw new Error(`The host is not what it was before:\n${difference(before, now)}`);
		},
	};
}

function createReset(dialect: Dialect, saved: Readonly<Record<Family, string>>): () => Promise<void> {
	return async () => {
		await shell(`iptables-${dialect}-restore -w`, saved.ipv4);
		await shell(`ip6tables-${dialect}-restore -w`, saved.ipv6);
		await shell(forgetRoutes);
	};
}

async function readRouting(routing: Routing): Promise<string> {
	const facts = [];
	for (const family of families) facts.push(...(await routing.rules(family)), ...(await routing.routes(family)));
	return facts.map((fact) => `${JSON.stringify(fact)}\n`).join('');
}

/** By the protocol that turnout's bear. */
const forgetRoutes = `
	for family in -4 -6; do ip $family rule flush protocol 206; ip $family route flush table all proto 206; done; true`;

/** Without dates and counters. */
const withoutChance = (text: string): string =>
	text
		.replace(/^#.*\n/gm, '')
		.replace(/\[\d+:\d+\]/g, '')
		.replace(/counter packets \d+ bytes \d+/g, 'counter');

/** The lines that one has and the other has not, or their order where both have the same. */
function difference(before: string, after: string): string {
	const only = (lines: string, others: string) =>
		lines.split('\n').filter((line) => !others.split('\n').includes(line));
	const gone = only(before, after).map((line) => `- ${line}`);
	const come = only(after, before).map((line) => `+ ${line}`);
	return gone.length + come.length === 0 ? after : [...gone, ...come].join('\n');
}

async function shell(script: string, input = ''): Promise<string> {
	const { stdout } = await runCommand('/bin/sh', ['-c', script], input, AbortSignal.timeout(120_000));
	return stdout;
}
