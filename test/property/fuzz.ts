// Tries any settings on a host with foreign rules: each valid one applies, reads back equal, and cleans to the same host.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { installDockerRules } from '../lab/net/docker-rules.ts';
import { installAdministratorRules, installUfwRules } from '../lab/net/foreign-rules.ts';
import { createHost } from '../lab/net/host.ts';
import type { Namespace } from '../lab/net/namespace.ts';
import { snapshotHost } from '../lab/net/snapshot.ts';
import { backends } from '../support/dialects.ts';
import { foreignRule } from './generators.ts';
import type { Job, Progress } from './property.ts';

/** A third of them per backend. */
export function planJobs(runs: number, seed: number): Job[] {
	const share = Math.ceil(runs / backends.length);
	return backends.map((each, at) => ({
		...each,
		runs: Math.min(share, runs - at * share),
		seed: seed + at,
	}));
}

/** Rejects with the seed and the smallest settings that fail. */
export async function fuzz(job: Job, onProgress: (word: Progress) => void = () => undefined): Promise<Progress> {
	using lab = createHost({ container: false });
	installForeignRules(lab.host, job);
	const before = snapshotHost(lab.host);
	const last = await tryAll(lab.host, job, onProgress);
	if (last.end !== '') throw new Error(`${job.backend}: ${last.end}`);
	assert.deepEqual(snapshotHost(lab.host), before);
	return last;
}

function installForeignRules(host: Namespace, { dialect }: Job): void {
	for (const install of [installUfwRules, installAdministratorRules, installDockerRules]) install(host, dialect);
	const { mark, mask, table } = foreignRule;
	const rule = `rule add priority 90 fwmark ${mark}/${mask} lookup ${table}`;
	for (const family of ['-4', '-6'])
		host.run('ip', [family, '-batch', '-'], { input: `${rule}\nroute add unreachable default table ${table}\n` });
}

async function tryAll(host: Namespace, job: Job, onProgress: (word: Progress) => void): Promise<Progress> {
	const child = host.spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program(job)]);
	const complaints: string[] = [];
	child.stderr?.on('data', (text) => complaints.push(String(text)));
	const ended = once(child, 'exit');
	let last: Progress = { runs: 0, madeRoom: 0, end: 'it ended before the end' };
	for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
		last = JSON.parse(line) as Progress;
		onProgress(last);
	}
	await ended;
	return complaints.length === 0 ? last : { ...last, end: `${last.end ?? ''}\n${complaints.join('')}`.trim() };
}

const program = (job: Job): string => `
	import { serveProperty } from ${JSON.stringify(new URL('property.ts', import.meta.url).href)};
	await serveProperty(${JSON.stringify(job)});
	process.exit(0);`;
