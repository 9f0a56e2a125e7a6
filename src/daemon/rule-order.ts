import { failureOf } from '../failure.ts';
import { findFiltered } from '../firewall/foreign/filtered.ts';
import type { ForeignRules, ForeignRulesReader } from '../firewall/foreign/foreign-rules.ts';
import { findOvertaking } from '../firewall/foreign/overtaking.ts';
import { rulesElsewhere } from '../firewall/foreign/rules-elsewhere.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import type { AppliedState } from '../reconcile/resolve.ts';
import { backendFact } from '../status/backend-condition.ts';
import type { Fact } from '../status/conditions.ts';
import { firewallFacts } from '../status/firewall-condition.ts';
import { orderFact } from '../status/order-condition.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { Inspected, RulePrecedence } from './dependencies.ts';

export function createRulePrecedence(reader: ForeignRulesReader, log: Log): RulePrecedence {
	const factsOf = createFinding();
	// A claim that failed is not tried again until others' chains have changed.
	let refused = '';
	return {
		inspect: async (of) =>
			of.isOn ? factsOf(await reader.read(), of) : [orderFact([]), backendFact('', undefined), ...firewallFacts([])],
		// Whoever asks for them reads once more, and is told why it fails.
		prefetch: () => void reader.read().catch(() => undefined),
		async claim(host, target, held, signal) {
			const others = await reader.chains();
			const state = JSON.stringify(others);
			if (state === refused) return [];
			try {
				const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
				const before = (await firewall?.claim(others, held, target.families, signal)) ?? [];
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

/** Without a daemon, for rules that were just applied. Resolves to what is to be told of others' rules. */
export async function comeFirst(
	reader: ForeignRulesReader,
	{ context, hit }: { readonly context: DaemonContext; readonly hit: AppliedState },
	signal: AbortSignal,
): Promise<readonly string[]> {
	const order = createRulePrecedence(reader, () => undefined);
	const held = hit.lastRead.get(hit.target.dialect);
	if (held !== undefined) await order.claim(context.host, hit.target, held, signal);
	const facts = await order.inspect({ context, desired: hit, isOn: true });
	return facts.flatMap((fact) => (fact.ok ? [] : [fact.why]));
}

/** Remembers the last answer, for as long as neither others' rules nor what is captured has changed. */
function createFinding(): (others: ForeignRules, of: Inspected) => readonly Fact[] {
	let last:
		| { readonly key: string; readonly texts: object; readonly desired: object; readonly facts: readonly Fact[] }
		| undefined;
	return (others, { context, desired }) => {
		const { chains, legacyNat, texts } = others;
		const key = JSON.stringify([chains, legacyNat]);
		if (last?.key === key && last.texts === texts && last.desired === desired) return last.facts;
		const { families, dialect } = desired.target;
		const capturing = { capture: context.capture, families, dialect };
		const filtered = firewallFacts(findFiltered(others, capturing));
		const elsewhere = context.config.backend === 'auto' ? rulesElsewhere(others, dialect) : undefined;
		const facts = [orderFact(findOvertaking(others, capturing)), backendFact(dialect, elsewhere), ...filtered];
		last = { key, texts, desired, facts };
		return facts;
	};
}

/** Changes of iptables-legacy cannot be watched. */
const WATCH_MS = 2_000;

/** Polls `check`, and calls back whenever what is wrong has changed ('' when nothing is), until the signal is aborted. */
export async function watchFacts(
	{ sleep }: Clock,
	check: () => Promise<readonly Fact[]>,
	onChange: (why: string) => void,
	signal: AbortSignal,
): Promise<void> {
	let before = '';
	while (!signal.aborted) {
		const wrong = (await check().catch(() => [])).flatMap((fact) => (fact.ok ? [] : [fact]));
		const text = wrong.map(({ why }) => why).join('; ');
		if (text !== before) onChange(text);
		before = text;
		await sleep(WATCH_MS, signal).catch(() => undefined);
	}
}
