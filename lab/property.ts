// Runs in a process of its own inside a namespace, for as many settings as it is told to: so that no process has to be started
// for each of them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Failure } from '../src/failure.ts';
import { type OpenHost, openHost } from '../src/host/open.ts';
import { type Held, ownChains, parseSaved } from '../src/ruleset/held.ts';
import { differences } from '../src/ruleset/transition.ts';
import { release } from '../src/steady/interception.ts';
import { interceptSurveyed, surveyHost } from '../src/survey.ts';
import { families } from '../src/units.ts';
import { anySettings, areTaken, loadTexts, type Texts } from './arbitrary.ts';
import { createWatch, type Watch } from './property-watch.ts';
import type { Dialect } from './restore.ts';

export interface Job {
	readonly dialect: Dialect;
	readonly runs: number;
	readonly seed: number;
}

/** What the process says on its standard output, one JSON document per line; the last one has an end. */
export interface Word {
	/** Settings tried so far, and those among them that were rightly refused. */
	readonly runs: number;
	readonly refused: number;
	/** '' for success; else the seed and the smallest settings that fail. */
	readonly end?: string;
}

export async function serveProperty({ dialect, runs, seed }: Job): Promise<void> {
	const host = await openHost(ownChains, patience());
	const watch = await createWatch(dialect, host.routing);
	const done = { runs: 0, refused: 0 };
	const say = (word: Word): void => void process.stdout.write(`${JSON.stringify(word)}\n`);
	const property = fc.asyncProperty(anySettings, async (texts) => {
		const outcome = await applyAndClean(host, { ...texts, backend: `iptables-${dialect}` }, watch);
		done.runs += 1;
		if (outcome === 'refused') done.refused += 1;
		if (done.runs % 10 === 0) say(done);
	});
	const details = await fc.check(property, { numRuns: runs, seed });
	say({ ...done, end: details.failed ? `${fc.defaultReportMessage(details)}\n${String(details.errorInstance)}` : '' });
}

type Outcome = 'held' | 'refused';

/** Each valid setting applies, reads back equal, and cleans to the same host. */
async function applyAndClean(host: OpenHost, texts: Texts, watch: Watch): Promise<Outcome> {
	try {
		return await applyAndRelease(host, texts, watch);
	} finally {
		await watch.requireUntouched();
	}
}

async function applyAndRelease(host: OpenHost, texts: Texts, watch: Watch): Promise<Outcome> {
	const survey = await surveyHost(host, loadTexts(texts), undefined, patience());
	try {
		const aim = await interceptSurveyed(survey, patience());
		assert.equal(areTaken(texts), false, 'a mark or table of somebody else was taken');
		const saved = await watch.save();
		for (const family of families) requireHeld(saved[family], aim.target.rules[family]);
		await release(host, { tracked: false }, patience());
		return 'held';
	} catch (error) {
		if (error instanceof Failure && error.code === 'routing' && areTaken(texts)) return 'refused';
		throw error;
	}
}

const patience = (): AbortSignal => AbortSignal.timeout(120_000);

/** By what others' tools print, not by what was read back in the course of it. */
function requireHeld(saved: string, wanted: Held): void {
	assert.deepEqual(differences(parseSaved(saved), wanted), []);
	const count = saved.match(/^-A .*"turnout: /gm)?.length ?? 0;
	assert.equal(count, wanted.hooks.length + wanted.chains.flatMap(({ rules }) => rules).length);
}
