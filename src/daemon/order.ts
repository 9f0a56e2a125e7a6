import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf } from '../failure.ts';
import type { Log } from '../log.ts';
import { findFiltered } from '../others/firewall.ts';
import { madeLater, renderAnew } from '../others/later.ts';
import { findOvertaking } from '../others/order.ts';
import type { Host } from '../ports.ts';
import type { Others, OthersReader } from '../ports-others.ts';
import type { Held } from '../ruleset/held.ts';
import type { Target } from '../steady/interception.ts';
import type { ByFamily } from '../steady/rules.ts';
import type { Hit, Survey } from '../survey.ts';
import type { Fact } from '../telemetry/conditions.ts';
import { firewallFacts } from '../telemetry/firewall.ts';
import { orderFact } from '../telemetry/order.ts';
import type { Inspected, Order } from './parts.ts';

export function createOrder(reader: OthersReader, log: Log): Order {
	const factsOf = createFinding();
	// What could not be had is not tried again until somebody has changed something.
	let refused = '';
	return {
		inspect: async (of) => (of.isOn ? factsOf(await reader.read(), of) : [orderFact([]), ...firewallFacts([])]),
		// Whoever asks for them reads once more, and is told why it fails.
		prefetch: () => void reader.read().catch(() => undefined),
		async claim(host, target, held, signal) {
			const others = await reader.chains();
			const state = JSON.stringify(others);
			if (target.dialect !== 'iptables-nft' || state === refused) return [];
			try {
				const before = await claimAll(host, target, held, others, signal);
				if (before.length > 0) await reader.chains();
				return before;
			} catch (error) {
				refused = state;
				log('warn', 'our chains could not be made the first again', { why: failureOf(error).message });
				return [];
			}
		},
	};
}

/** Once, without a daemon: rules that were switched on a moment ago; resolves to what is told of others'. */
export async function comeFirst(
	reader: OthersReader,
	{ survey, hit }: { readonly survey: Survey; readonly hit: Hit },
	signal: AbortSignal,
): Promise<readonly string[]> {
	const order = createOrder(reader, () => undefined);
	const held = hit.known.get(hit.target.dialect);
	if (held !== undefined) await order.claim(survey.host, hit.target, held, signal);
	const facts = await order.inspect({ survey, aim: hit, isOn: true });
	return facts.flatMap((fact) => (fact.ok ? [] : [fact.why]));
}

async function claimAll(
	{ firewalls }: Host,
	{ dialect, families }: Target,
	held: ByFamily<Held>,
	others: Pick<Others, 'chains' | 'legacyNat'>,
	signal: AbortSignal,
): Promise<string[]> {
	const firewall = firewalls.find((each) => each.dialect === dialect);
	const before: string[] = [];
	for (const family of families)
		for (const at of ['PREROUTING', 'OUTPUT'] as const) {
			const hooks = held[family].hooks.filter(({ table, chain }) => table === 'nat' && chain === at);
			const later = hooks.length === 0 ? undefined : madeLater(others, family, at, { dialect, hooks: hooks.length });
			if (later === undefined) continue;
			await firewall?.commit(family, renderAnew(at, hooks), signal);
			before.push(`${family} ${at} of nat came behind ${later}`);
		}
	return before;
}

/** As long as neither what others have nor what is captured has changed, the answer is the same. */
function createFinding(): (others: Others, of: Inspected) => readonly Fact[] {
	let last:
		| { readonly key: string; readonly texts: object; readonly aim: object; readonly facts: readonly Fact[] }
		| undefined;
	return (others, { survey, aim }) => {
		const { chains, legacyNat, texts } = others;
		const key = JSON.stringify([chains, legacyNat]);
		if (last?.key === key && last.texts === texts && last.aim === aim) return last.facts;
		const { families, dialect } = aim.target;
		const capturing = { capture: survey.capture, families, dialect };
		const filtered = firewallFacts(findFiltered(others, capturing));
		const facts = [orderFact(findOvertaking(others, capturing)), ...filtered];
		last = { key, texts, aim, facts };
		return facts;
	};
}

/** iptables-legacy tells nobody what it does. */
const WATCH_MS = 2_000;

/** Tells of it also where nobody asks, until the signal is aborted. */
export async function watchFacts(
	look: () => Promise<readonly Fact[]>,
	onChange: (why: string) => void,
	signal: AbortSignal,
): Promise<void> {
	let told = '';
	while (!signal.aborted) {
		const wrong = (await look().catch(() => [])).flatMap((fact) => (fact.ok ? [] : [fact]));
		const text = wrong.map(({ why }) => why).join('; ');
		if (text !== told) onChange(text);
		told = text;
		await sleep(WATCH_MS, undefined, { signal, ref: false }).catch(() => undefined);
	}
}
