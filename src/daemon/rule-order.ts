import { failureOf } from '../failure.ts';
import { findDoubled } from '../firewall/foreign/doubled.ts';
import { findFiltered } from '../firewall/foreign/filtered.ts';
import type { ForeignRules, ForeignRulesReader } from '../firewall/foreign/foreign-rules.ts';
import { findOvertaking } from '../firewall/foreign/overtaking.ts';
import { type Recognised, recognise } from '../firewall/foreign/recognise.ts';
import { rulesElsewhere } from '../firewall/foreign/rules-elsewhere.ts';
import type { Log } from '../log.ts';
import type { AppliedState } from '../reconcile/resolve.ts';
import { envoyUser } from '../ruleset/answers.ts';
import type { Capture } from '../ruleset/capture.ts';
import { backendFact } from '../status/backend-condition.ts';
import type { Fact } from '../status/conditions.ts';
import { firewallFacts } from '../status/firewall-condition.ts';
import { interceptorsFact, type OurUsers } from '../status/interceptor-condition.ts';
import { orderFact } from '../status/order-condition.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { Inspected, RulePrecedence } from './dependencies.ts';

export function createRulePrecedence(reader: ForeignRulesReader, log: Log): RulePrecedence {
	const factsOf = createFinding();
	const programsOf = createRecognition();
	// A claim that failed is not tried again until others' chains have changed.
	let refused = '';
	return {
		inspect: async (of) => (of.isOn ? factsOf(await reader.read(), of) : nothingWrong),
		programs: async () => programsOf(await reader.read()),
		mayChangeUnseen: () => reader.mayBeStale(),
		// Whoever asks for them reads once more, and is told why it fails.
		prefetch: () => void reader.read().catch(() => undefined),
		async claim(host, target, held, signal) {
			const firewall = host.firewalls.find(({ dialect }) => dialect === target.dialect);
			if (firewall?.claim === undefined) return [];
			const others = await reader.chains();
			const state = JSON.stringify(others);
			if (state === refused) return [];
			try {
				const before = await firewall.claim(others, held, target.families, signal);
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
		| {
				readonly others: ForeignRules;
				readonly key: string;
				readonly desired: object;
				readonly facts: readonly Fact[];
		  }
		| undefined;
	return (others, { context, desired }) => {
		const { chains, legacyNat, texts } = others;
		// The reader gives the same object while nothing changes: most times that is all.
		if (last?.others === others && last.desired === desired) return last.facts;
		const key = JSON.stringify([chains, legacyNat]);
		if (last?.key === key && last.others.texts === texts && last.desired === desired) return last.facts;
		const facts = factsOfOthers(others, { context, desired });
		last = { others, key, desired, facts };
		return facts;
	};
}

/** What others' rules do to captured connections, with ours there. */
export function factsOfOthers(others: ForeignRules, { context, desired }: Omit<Inspected, 'isOn'>): readonly Fact[] {
	const { capture, target } = desired;
	const { families, dialect } = target;
	const capturing = { capture, families, dialect };
	const overtaking = findOvertaking(others, capturing);
	// Ours replace a predecessor's, while what was read of others may be older than that.
	const doubled = findDoubled(others, capturing, overtaking).filter(({ program }) => program.isPredecessor !== true);
	const elsewhere = context.config.backend === 'auto' ? rulesElsewhere(others, dialect) : undefined;
	return [
		// Those are told as interceptors.
		orderFact(overtaking.filter(({ program }) => program?.isInterceptor !== true)),
		interceptorsFact(doubled, usersOf(context.capture)),
		backendFact(dialect, elsewhere),
		...firewallFacts(findFiltered(others, capturing)),
	];
}

const nothingWrong: readonly Fact[] = [
	orderFact([]),
	{ subject: 'interceptors', ok: true },
	backendFact('', undefined),
	...firewallFacts([]),
];

const usersOf = (capture: Capture): OurUsers => ({
	envoyUid: envoyUser(capture),
	isIgnored: (uid) => capture.ignoreUids.some(({ from, to }) => from <= uid && uid <= to),
});

/** Names of a host with Kubernetes are many: they are gone through again only when somebody has changed rules. */
function createRecognition(): (others: ForeignRules) => readonly Recognised[] {
	let last: { readonly texts: object; readonly chains: number; readonly found: readonly Recognised[] } | undefined;
	return (others) => {
		const { texts, chains } = others;
		if (last?.texts !== texts || last.chains !== chains.length)
			last = { texts, chains: chains.length, found: recognise(others) };
		return last.found;
	};
}
