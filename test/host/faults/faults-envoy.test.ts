// Envoy is killed, and in the same moment somebody empties the rules that lead to it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import type { Load } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { answeringBootstrap } from '../../support/envoy-bootstrap.ts';
import { createEnvoyHost, pidOf } from '../../support/envoy-host.ts';
import { eventually } from '../../support/eventually.ts';
import { rounds } from '../../support/rounds.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { host: own, remote } = addresses;
const LIMIT_MS = 300_000;
/** A connection of the moment of the fault may get no answer at all. */
const FAULT_PATIENCE_MS = 3_000;
const PATIENCE_MS = 20_000;

describe('Envoy and the rules at once', async () => {
	const stack = suiteStack();
	const { lab, world, app, args } = await createEnvoyHost(stack);
	const bootstrap = join(stack.use(createScratch('bootstrap')).path, 'envoy.yaml');
	writeFileSync(bootstrap, answeringBootstrap('envoy'));
	const daemon = stack.use(await startDaemon(lab.host, { args: [...args, '--envoy-config', bootstrap] }));
	const ours = () => (rulesOf(lab.host).match(/^-A .*APPMESH_.*$/gm) ?? []).join('\n');
	const load = (timeoutMs: number) =>
		Promise.all([
			app.startLoad({ address: remote.v4, port: 443, timeoutMs, limitMs: LIMIT_MS }),
			world.startLoad({ address: own.v6, port: 8080, timeoutMs, limitMs: LIMIT_MS }),
		]);

	test('connections bypass Envoy only until the rules are repaired, and all are captured again once Envoy is back', async (context) => {
		for (let round = 0; round < rounds(5); round += 1) {
			const [whole, { count }] = [ours(), daemon.status().repairs];
			const { restarts } = daemon.status().envoy;
			const during = await load(FAULT_PATIENCE_MS);
			process.kill(pidOf(daemon), 'SIGKILL');
			for (const program of ['iptables-nft', 'ip6tables-nft']) lab.host.run(program, ['-w', '-t', 'nat', '-F']);
			await eventually(ours, (now) => now === whole);
			const [meanwhile, closed] = [await stopped(during), await load(FAULT_PATIENCE_MS)];
			const { repairs } = await eventually(
				() => daemon.readStatus(),
				({ is, envoy }) => is === 'enabled' && envoy.state === 'live' && envoy.restarts > restarts,
			);
			const afterwards = await stopped(closed);
			context.diagnostic(
				`put right in ${repairs.last?.ms} ms: ${told(meanwhile)}; then until Envoy was LIVE again: ${told(afterwards)}`,
			);
			assert.ok(repairs.count > count);
			assert.equal(afterwards.past, 0);
			const calm = await load(PATIENCE_MS);
			const { past, failed, captured } = await stopped(calm);
			assert.deepEqual({ past, failed }, { past: 0, failed: 0 });
			assert.ok(captured > 0);
		}
	});
});

interface LoadCounts {
	readonly captured: number;
	readonly past: number;
	readonly failed: number;
}

async function stopped(loads: readonly Load[]): Promise<LoadCounts> {
	const counters = await Promise.all(loads.map((each) => each.stop()));
	const sum = (of: (counts: (typeof counters)[number]) => number) =>
		counters.reduce((total, counts) => total + of(counts), 0);
	const captured = sum(({ by }) => by['envoy'] ?? 0);
	const answered = sum(({ by }) => Object.values(by).reduce((total, count) => total + count, 0));
	const failed = sum(({ failures }) => Object.values(failures).reduce((total, count) => total + count, 0));
	return { captured, past: answered - captured, failed };
}

const told = ({ captured, past, failed }: LoadCounts): string =>
	`${past} past Envoy, ${failed} failed, ${captured} captured`;
