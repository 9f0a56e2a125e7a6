// Runs in a process of its own inside a namespace, for as many settings as it is told to: so that no process has to be started
// for each of them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { resolveContext } from '../../src/commands/resolve-context.ts';
import { backends } from '../../src/firewall/backends.ts';
import type { RulesByFamily } from '../../src/firewall/firewall.ts';
import { differences } from '../../src/firewall/iptables/diff.ts';
import { parseIptablesSave } from '../../src/firewall/iptables/parse-save.ts';
import { renderIptables } from '../../src/firewall/iptables/render-rules.ts';
import { parseListing } from '../../src/firewall/nft/parse-listing.ts';
import { renderTable } from '../../src/firewall/nft/render-table.ts';
import { tableDifferences } from '../../src/firewall/nft/table-differences.ts';
import { type OpenHost, openHost } from '../../src/host/open-host.ts';
import { remove } from '../../src/reconcile/apply.ts';
import { firewallOf } from '../../src/reconcile/host.ts';
import { applyDesired } from '../../src/reconcile/resolve.ts';
import { ROUTE_PROTOCOL } from '../../src/routing/local-routing.ts';
import type { Ruleset } from '../../src/ruleset/model.ts';
import { type Family, families } from '../../src/values/units.ts';
import type { Backend } from '../support/dialects.ts';
import { anyConnection, requireAgreement } from './any-connection.ts';
import { anySettings, areTaken, loadTexts, type Texts } from './generators.ts';
import { createWatch, type Saved, type Watch } from './property-watch.ts';

export interface Job extends Backend {
	readonly runs: number;
	readonly seed: number;
}

/** What the process says on its standard output, one JSON document per line; the last one has an end. */
export interface Progress {
	/** Settings tried so far, and those among them whose rule and route made room for the foreign ones. */
	readonly runs: number;
	readonly madeRoom: number;
	/** '' for success; else the seed and the smallest settings that fail. */
	readonly end?: string;
}

export async function serveProperty({ backend, dialect, runs, seed }: Job): Promise<void> {
	const host = await openHost(backends, patience());
	const watch = await createWatch({ backend, dialect }, host.routing);
	const done = { runs: 0, madeRoom: 0 };
	const say = (word: Progress): void => void process.stdout.write(`${JSON.stringify(word)}\n`);
	const property = fc.asyncProperty(anySettings, fc.gen(), async (texts, draw) => {
		await applyAndClean(host, { ...texts, backend }, draw, watch);
		done.runs += 1;
		if (areTaken(texts)) done.madeRoom += 1;
		if (done.runs % 10 === 0) say(done);
	});
	const details = await fc.check(property, { numRuns: runs, seed });
	say({ ...done, end: details.failed ? `${fc.defaultReportMessage(details)}\n${String(details.errorInstance)}` : '' });
}

/** Each valid setting applies, reads back equal, and cleans to the same host. */
async function applyAndClean(host: OpenHost, texts: Texts, draw: Draw, watch: Watch): Promise<void> {
	try {
		await applyAndRelease(host, texts, draw, watch);
	} finally {
		await watch.requireUntouched();
	}
}

type Draw = fc.GeneratorValue;

/** Connections that are judged under each settings. */
const CONNECTIONS = 10;

async function applyAndRelease(host: OpenHost, texts: Texts, draw: Draw, watch: Watch): Promise<void> {
	const context = await resolveContext(host, loadTexts(texts), undefined, patience());
	const { target } = await applyDesired(context, patience());
	try {
		requireHeld(await watch.save(), target.rules);
		const { traced } = await firewallOf(host, target.dialect).read(patience());
		const connections = Array.from({ length: CONNECTIONS }, () => draw(anyConnection, context.capture));
		requireAgreement(target.rules, traced, connections);
		for (const family of target.families) await requireRouting(host, family, !areTaken(texts));
	} finally {
		await remove(host, { keepConntrack: false }, patience());
	}
}

const patience = (): AbortSignal => AbortSignal.timeout(120_000);

/** By what others' tools print, not by what was read back in the course of it. */
function requireHeld({ listing, iptables }: Saved, desired: RulesByFamily): void {
	if (listing !== undefined) {
		const differences = tableDifferences(parseListing(listing), renderTable(desired));
		assert.deepEqual(differences, { ipv4: [], ipv6: [] });
	} else for (const family of families) requireHeldBy(iptables[family], desired[family]);
}

function requireHeldBy(saved: string, desired: Ruleset): void {
	const wanted = renderIptables(desired);
	assert.deepEqual(differences(parseIptablesSave(saved), wanted), []);
	const count = saved.match(/^-A .*"turnout: /gm)?.length ?? 0;
	assert.equal(count, wanted.hooks.length + wanted.chains.flatMap(({ rules }) => rules).length);
}

/** Both where there is room for them, and neither where the foreign rule has the mark or the table. */
async function requireRouting({ routing }: OpenHost, family: Family, isWanted: boolean): Promise<void> {
	const own = ({ protocol }: { readonly protocol: number }) => protocol === ROUTE_PROTOCOL;
	const [rules, routes] = await Promise.all([routing.rules(family), routing.routes(family)]);
	assert.deepEqual({ rule: rules.some(own), route: routes.some(own) }, { rule: isWanted, route: isWanted });
}
