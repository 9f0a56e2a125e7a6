import { factsOfOthers } from '../../daemon/rule-order.ts';
import { type Finding, failure, findingOf, well } from '../../doctor/finding.ts';
import { failureOf } from '../../failure.ts';
import { asIfOurs } from '../../firewall/foreign/as-if-ours.ts';
import { type Recognised, recognise } from '../../firewall/foreign/recognise.ts';
import { createRouting } from '../../host/netlink/kernel-routing.ts';
import { createDormantReader } from '../../host/nft/dormant.ts';
import { readRouting, takenOf } from '../../routing/apply-routes.ts';
import { localRoutingOf } from '../../routing/local-routing.ts';
import { refuseTaken, whyLeftOut } from '../../routing/taken.ts';
import { keepsClient } from '../../ruleset/keep-client.ts';
import { tablesFact } from '../../status/dormant-condition.ts';
import { listsFact } from '../../status/lists-condition.ts';
import { ipv6Fact, predecessorFact } from '../../status/summarize.ts';
import { families } from '../../values/units.ts';
import type { Check, Examination } from './examination.ts';

/** Rules of others, routes, and what of ours the host would not take. */
export const ruleChecks: readonly Check[] = [
	{ names: ['rules', 'order', 'interceptors', 'backend', 'firewall', 'denials'], run: checkOthers },
	{ names: ['routes'], run: checkRoutes },
	{ names: ['tables'], run: checkTables },
	{ names: ['ipv6'], run: checkIpv6 },
	{ names: ['lists'], run: async ({ context }) => [findingOf(listsFact((await context()).slowLists))] },
];

async function checkOthers(of: Examination): Promise<readonly Finding[]> {
	const [context, desired] = [await of.context(), await of.desired()];
	const others = await (await of.host()).createForeignRulesReader().read();
	const known = recognise(others);
	const predecessor = known.find(({ program }) => program.isPredecessor === true)?.program.name;
	const facts = factsOfOthers(asIfOurs(others, context.backend.name), { context, desired });
	return [
		predecessor === undefined ? well('rules', othersText(known)) : findingOf(predecessorFact(predecessor)),
		...facts.map((fact) => findingOf(fact)),
	];
}

const othersText = (known: readonly Recognised[]): string =>
	known.length === 0
		? ''
		: `here are also those of ${known.map(({ program, tools }) => `${program.name} (${tools.join(', ')})`).join(', ')}`;

/** Needs no privilege. */
async function checkRoutes(of: Examination): Promise<readonly Finding[]> {
	const { config } = await of.whole();
	const localRouting = localRoutingOf(config, keepsClient(config));
	const actual = await readRouting(createRouting());
	const taken = takenOf(actual, { families, localRouting });
	if (taken === undefined) return [well('routes')];
	try {
		for (const family of families) refuseTaken(localRouting, family, actual);
	} catch (error) {
		const { message, remedy } = failureOf(error);
		return [failure('routes', message, remedy)];
	}
	return [findingOf({ subject: 'routes', ok: false, ...whyLeftOut(taken) })];
}

/** The kernel lists them to who may change them. */
async function checkTables({ context }: Examination): Promise<readonly Finding[]> {
	const { backend } = await context();
	return [findingOf(tablesFact(backend.name === 'iptables-nft' ? await createDormantReader()() : []))];
}

/** Where the settings demand IPv6 and the host has none, nothing is captured at all. */
async function checkIpv6(of: Examination): Promise<readonly Finding[]> {
	const context = await of.context();
	try {
		const { ipv6BypassReason, target } = await of.desired();
		const note = target.families.includes('ipv6') ? 'it is captured' : 'there is none to capture';
		return [findingOf(ipv6Fact({ ipv6BypassReason }), note)];
	} catch (error) {
		if (!context.isIpv6Demanded) throw error;
		const { message, remedy } = failureOf(error);
		return [failure('ipv6', message, remedy)];
	}
}
