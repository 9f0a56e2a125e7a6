// Lists of hundreds of addresses and ports, which iptables looks up in sets of the kernel's.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstalledSet } from '../../../src/firewall/iptables/ip-set.ts';
import { addresses } from '../../lab/net/layout.ts';
import { requireAll, startLoad } from '../../lab/net/load.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { turnout, turnoutProgram } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { eventually } from '../../support/eventually.ts';
import { openFarHost } from '../../support/far.ts';
import { createFaultHost } from '../../support/faults.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { metadata } = addresses;

const listOf = (length: number): string =>
	[metadata.v4, ...Array.from({ length }, (_, at) => `10.${at >> 8}.${at & 255}.0/24,fd00:${at + 1}::/32`)].join(',');
const ports = ['8080', ...Array.from({ length: 1_000 }, (_, at) => 20_000 + 2 * at)].join(',');

for (const dialect of ['nft', 'legacy'] as const)
	describe(`long lists, iptables-${dialect}`, async () => {
		const stack = suiteStack();
		const file = join(stack.use(createScratch('long-lists')).path, 'turnout.yaml');
		const write = (length: number) =>
			writeFileSync(file, JSON.stringify({ appPorts: ports, egressIgnoredIps: listOf(length) }));
		write(500);
		// The application's ports are the file's.
		const place = stack.use(
			await createFaultHost(`iptables-${dialect}`, { args: ['--config', file, '--app-ports', ports] }),
		);
		const { daemon, peers, lab, rules, status } = place;
		const { sets } = stack.use(openFarHost(lab.host));
		const lengths = (found: readonly InstalledSet[]): string[] =>
			found.map(({ kind, entries }) => `${kind} ${entries.length}`).toSorted();
		const requireIgnored = async () => {
			assert.equal(nameOf(await peers.app.connect(metadata.v4, 443)), 'remote');
			await requireAll(peers, 'captured');
		};

		test('each is one rule; what is listed is direct, and all else is captured', async () => {
			assert.equal((rules().match(/ --match-set /g) ?? []).length, 8, rules());
			assert.deepEqual(lengths(await sets.read()), ['ipv4 501', 'ipv6 501', 'ports 1001']);
			await requireIgnored();
			assert.equal((await status()).conditions.find(({ subject }) => subject === 'lists')?.ok, true);
			assert.equal(daemon.ask('diff').code, 0);
		});

		test('changed live they lose no connection, and no set is left behind', async () => {
			const load = await startLoad(peers);
			// A third list gets the numbers that the first one's sets had in the kernel.
			for (const length of [501, 502, 2, 500]) {
				write(length);
				const { code, stderr } = daemon.ask('reload');
				assert.equal(code, 0, stderr);
			}
			await load.stop('captured only', 5);
			assert.deepEqual(lengths(await sets.read()), ['ipv4 501', 'ipv6 501', 'ports 1001']);
			await requireIgnored();
		});

		test('a set that somebody empties or fills is noticed and put right', async () => {
			const whole = await sets.read();
			const { count } = (await status()).repairs;
			for (const set of whole) await sets.put({ ...set, entries: set.kind === 'ports' ? ['1'] : [] }, true);
			await eventually(status, ({ repairs }) => repairs.count > count);
			await eventually(
				() => sets.read(),
				(found) => lengths(found).join() === lengths(whole).join(),
			);
			assert.match((await status()).repairs.last?.what ?? '', /^missing in ipset: create turnout-/);
			await requireIgnored();
		});

		// From here on both dialects do the same.
		if (dialect === 'legacy') return;

		test('after `turnout disable` nothing of them is left, and a rollback brings them back', async () => {
			assert.equal(daemon.ask('disable').code, 0);
			assert.deepEqual(await sets.read(), []);
			assert.equal(daemon.ask('enable').code, 0);
			write(3);
			assert.equal(daemon.ask('reload', '--confirm', '60').code, 0);
			assert.deepEqual(lengths(await sets.read()), ['ports 1001']);
			assert.equal(daemon.ask('revert', '--state-directory', join(daemon.folder, 'state')).code, 0);
			assert.deepEqual(lengths(await sets.read()), ['ipv4 501', 'ipv6 501', 'ports 1001']);
			await requireIgnored();
		});

		test('killed at any moment, it leaves nothing that `turnout clean` does not remove', async () => {
			assert.equal(await daemon.stop(), 0);
			const args = ['init', '--config', file, '--backend', `iptables-${dialect}`];
			const left = new Set<string>();
			const begunMs = performance.now();
			assert.equal(turnout(lab.host, args).code, 0);
			const wholeMs = performance.now() - begunMs;
			for (let step = 3; step <= 8; step += 1) {
				write(500 + step);
				const child = lab.host.spawn(turnoutProgram, args, { stdio: 'pipe' });
				const ended = outcomeOf(child);
				await sleep((wholeMs * step) / 8);
				child.kill('SIGKILL');
				await ended;
				left.add(lengths(await sets.read()).join());
				// The others go on from there.
				if (step % 2 === 0) assert.equal(turnout(lab.host, ['clean']).code, 0);
			}
			assert.equal(turnout(lab.host, ['clean']).code, 0);
			assert.deepEqual(await sets.read(), []);
			assert.doesNotMatch(rules(), /APPMESH/);
			assert.ok(left.size > 1, `always the same: ${[...left].join(' or ')}`);
		});
	});
