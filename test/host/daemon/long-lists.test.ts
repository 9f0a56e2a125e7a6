// Lists of hundreds of networks and of ranges of ports, which are looked up in sets of the kernel's.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addresses } from '../../lab/net/layout.ts';
import { requireAll, startLoad } from '../../lab/net/load.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { turnout, turnoutProgram } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { openFarHost } from '../../support/far.ts';
import { createFaultHost } from '../../support/faults.ts';
import { ipsetLists, nftLists } from '../../support/host-lists.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { ownRules } from '../../support/own-rules.ts';
import { rounds } from '../../support/rounds.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { metadata } = addresses;

/** Whole turns of four, so that the last list is the first. */
const changes = rounds(120);

const networks = (length: number): string[] =>
	Array.from({ length }, (_, at) => `10.${at >> 8}.${at & 255}.0/25,fd00:${2 * at + 1}::/32`);
const ranges = (length: number): string[] => Array.from({ length }, (_, at) => `${20_000 + 4 * at}-${20_001 + 4 * at}`);
const appPorts = ['8080', ...ranges(500)].join(',');
/** The metadata service is ignored; only the networks of the remote sites are captured, and only on some ports. */
const settingsOf = (length: number): object => ({
	appPorts,
	egressIgnoredIps: [metadata.v4, ...networks(length)].join(','),
	egressOnlyIps: [metadata.v4, '203.0.113.0/24', '2001:db8::/64', ...networks(length)].join(','),
	egressOnlyPorts: ['443', ...ranges(length)].join(','),
});
const wholeLengths = ['ipv4 501', 'ipv4 502', 'ipv6 501', 'ipv6 501', 'ports 501', 'ports 501'];

for (const { backend } of backends)
	describe(`long lists, ${backend}`, async () => {
		const stack = suiteStack();
		const file = join(stack.use(createScratch('long-lists')).path, 'turnout.yaml');
		const write = (length: number) => writeFileSync(file, JSON.stringify(settingsOf(length)));
		write(500);
		// The application's ports are the file's.
		const place = stack.use(await createFaultHost(backend, { args: ['--config', file, '--app-ports', appPorts] }));
		const { daemon, peers, lab, rules, status } = place;
		const far = stack.use(openFarHost(lab.host));
		const lists = backend === 'nft' ? nftLists(far.nft) : ipsetLists(far.sets);
		const requireIgnored = async () => {
			assert.equal(nameOf(await peers.app.connect(metadata.v4, 443)), 'remote');
			await requireAll(peers, 'captured');
		};

		test('each is one rule; what is listed is direct, and all else is captured', async () => {
			assert.ok(ruleCount(rules()) < 100, rules());
			assert.deepEqual(await lists.lengths(), wholeLengths);
			await requireIgnored();
			assert.equal((await status()).conditions.find(({ subject }) => subject === 'lists')?.ok, true);
			assert.equal(daemon.ask('diff').code, 0);
		});

		test(`changed live ${changes} times no list is looked up before it is whole, and no set is left behind`, async () => {
			const load = await startLoad(peers);
			const ignored = await peers.app.startLoad({ address: metadata.v4, port: 443, clients: 2, limitMs: 3_600_000 });
			for (let at = 0; at < changes; at += 1) {
				// A third list gets the numbers that the first one's sets had in the kernel.
				write([501, 502, 2, 500][at % 4] ?? 500);
				const { code, stderr } = daemon.ask('reload');
				assert.equal(code, 0, stderr);
				await load.reached(at + 1);
			}
			const { by, failures, limited } = await ignored.stop();
			assert.deepEqual({ by: Object.keys(by), failures, limited }, { by: ['remote'], failures: {}, limited: false });
			await load.stop('captured only', changes);
			assert.deepEqual(await lists.lengths(), wholeLengths);
			await requireIgnored();
		});

		test('a set that somebody empties or fills is noticed and put right', async () => {
			for (const change of [lists.empty, lists.extend]) {
				const { count } = (await status()).repairs;
				await change();
				await eventually(status, ({ repairs }) => repairs.count > count);
				await eventually(lists.lengths, (found) => found.join() === wholeLengths.join());
				assert.match(
					(await status()).repairs.last?.what ?? '',
					/^missing in (ipset: create turnout-|(nat|mangle): rule .* \{ .* in all \})/,
				);
			}
			await requireIgnored();
		});

		// From here on both dialects of iptables do the same.
		if (backend === 'iptables-legacy') return;

		test('after `turnout disable` nothing of them is left, and a rollback brings them back', async () => {
			assert.equal(daemon.ask('disable').code, 0);
			assert.deepEqual(await lists.lengths(), []);
			assert.equal(daemon.ask('enable').code, 0);
			write(3);
			assert.equal(daemon.ask('reload', '--confirm', '60').code, 0);
			assert.deepEqual(await lists.lengths(), ['ports 501']);
			assert.equal(daemon.ask('revert', '--state-directory', join(daemon.folder, 'state')).code, 0);
			assert.deepEqual(await lists.lengths(), wholeLengths);
			await requireIgnored();
		});

		test('killed at any moment, it leaves nothing that `turnout clean` does not remove', async () => {
			assert.equal(await daemon.stop(), 0);
			const args = ['init', '--config', file, '--backend', backend];
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
				left.add((await lists.lengths()).join());
				// The others go on from there.
				if (step % 2 === 0) assert.equal(turnout(lab.host, ['clean']).code, 0);
			}
			assert.equal(turnout(lab.host, ['clean']).code, 0);
			assert.deepEqual(await lists.lengths(), []);
			assert.equal(ownRules(lab.host, backend), '');
			assert.ok(left.size > 1, `always the same: ${[...left].join(' or ')}`);
		});
	});

/** As either tool prints them. */
const ruleCount = (text: string): number => (text.match(/^(?:-A |\t\t.*comment ")/gm) ?? []).length;
