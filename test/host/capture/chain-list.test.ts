// The kernel lists chains twice, or leaves some out, while it prepares somebody's commit, and does not say so.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';

const LONG_MS = 4_000;
const names = Array.from({ length: 60 }, (_, at) => `ufw-user-logging-${at}`);
const document = (lines: readonly string[]) => ['*filter', ...lines, 'COMMIT', ''].join('\n');
const adds = document([...names.map((name) => `:${name} - [0:0]`), ...names.map((name) => `-A ${name} -j RETURN`)]);
const removes = document(names.flatMap((name) => [`-F ${name}`, `-X ${name}`]));

test('while others commit many chains, the list of base chains stays the same', () => {
	using scratch = createScratch('chains');
	using lab = createHost({ container: false });
	for (const [name, text] of Object.entries({ adds, removes })) writeFileSync(join(scratch.path, name), text);
	for (const family of ['ip', 'ip6'])
		for (const table of ['nat', 'mangle', 'filter'])
			lab.host.run(`${family}tables-nft`, ['-t', table, '-A', 'OUTPUT', '-p', 'udp']);
	for (const family of ['ip', 'ip6']) {
		const restore = (name: string) => `${family}tables-nft-restore -n < ${join(scratch.path, name)}`;
		lab.host.spawn('sh', ['-c', `while ${restore('adds')} && ${restore('removes')}; do :; done`], { stdio: 'ignore' });
	}
	const worker = join(import.meta.dirname, '../../support/chain-list-worker.ts');
	const lists = JSON.parse(lab.host.run(process.execPath, [worker, String(LONG_MS)])) as Record<string, number>;
	assert.equal(Object.keys(lists).length, 1, JSON.stringify(lists));
});
