// Tries any settings on a host with neighbours: each valid one applies, reads back equal, and cleans to the same host.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { neighbour } from './arbitrary.ts';
import { installDockerRules } from './docker-rules.ts';
import { createHost } from './host.ts';
import type { Namespace } from './namespace.ts';
import { installAdministratorRules, installUfwRules } from './neighbours.ts';
import type { Job, Word } from './property.ts';
import { snapshotHost } from './snapshot.ts';

/** Rejects with the seed and the smallest settings that fail. */
export async function fuzz(job: Job, onProgress: (word: Word) => void = () => undefined): Promise<Word> {
	using lab = createHost({ container: false });
	installNeighbours(lab.host, job);
	const before = snapshotHost(lab.host);
	const last = await tryAll(lab.host, job, onProgress);
	if (last.end !== '') throw new Error(`iptables-${job.dialect}: ${last.end}`);
	assert.deepEqual(snapshotHost(lab.host), before);
	return last;
}

function installNeighbours(host: Namespace, { dialect }: Job): void {
	for (const install of [installUfwRules, installAdministratorRules, installDockerRules]) install(host, dialect);
	// A built-in chain of the nft-backed dialect is made by its first rule, and stays.
	for (const program of ['iptables', 'ip6tables'])
		for (const verb of ['-A', '-D']) host.run(`${program}-${dialect}`, ['-w', '-t', 'mangle', verb, 'PREROUTING']);
	const { mark, mask, table } = neighbour;
	const rule = `rule add priority 90 fwmark ${mark}/${mask} lookup ${table}`;
	for (const family of ['-4', '-6'])
		host.run('ip', [family, '-batch', '-'], { input: `${rule}\nroute add unreachable default table ${table}\n` });
}

async function tryAll(host: Namespace, job: Job, onProgress: (word: Word) => void): Promise<Word> {
	const child = host.spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program(job)]);
	const complaints: string[] = [];
	child.stderr?.on('data', (text) => complaints.push(String(text)));
	const ended = once(child, 'exit');
	let last: Word = { runs: 0, refused: 0, end: 'it ended before the end' };
	for await (const line of createInterface({ input: child.stdout ?? process.stdin })) {
		last = JSON.parse(line) as Word;
		onProgress(last);
	}
	await ended;
	return complaints.length === 0 ? last : { ...last, end: `${last.end ?? ''}\n${complaints.join('')}`.trim() };
}

const program = (job: Job): string => `
	import { serveProperty } from ${JSON.stringify(new URL('property.ts', import.meta.url).href)};
	await serveProperty(${JSON.stringify(job)});
	process.exit(0);`;
