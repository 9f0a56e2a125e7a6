// The names of a mesh's hosts: a DNS server that does not answer, answers that change, addresses of both families.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { createDnsPeer } from '../../lab/net/dns-peer.ts';
import { addresses } from '../../lab/net/layout.ts';
import { eventually } from '../../support/eventually.ts';
import { createFieldLab, readStatistic } from '../../support/mesh-lab.ts';
import { client, mesh, node, type Part, serviceOf } from '../../support/mesh-parts.ts';
import { suiteStack } from '../../support/suite-stack.ts';

/** It takes three seconds; left to itself, Envoy waits ten and more. */
const LONGEST_MS = 9_000;
const [first, second] = [addresses.remote.v4, addresses.otherRemote.v4];
/** Envoy asks every five seconds all the same. */
const ttlSeconds = 60;

const healthCheck = {
	...({ protocol: 'tcp', intervalMillis: 5_000, timeoutMillis: 2_000 } as const),
	...{ healthyThreshold: 2, unhealthyThreshold: 2 },
};

/** Which address of a name that has both families is asked, by the node's preference; `mesh`: it has none of its own. */
const families = { IPv4_ONLY: 'v4', IPv4_PREFERRED: 'v4', IPv6_ONLY: 'v6', IPv6_PREFERRED: 'v6', mesh: 'v4' } as const;
type Preference = keyof typeof families;
const preferences = Object.keys(families) as Preference[];
const dual = (preference: Preference): Part => ({
	...{ port: 9001, hostname: 'dual.lab.local' },
	...(preference === 'mesh' ? {} : { ipPreference: preference }),
});

const parts: Readonly<Record<string, Part>> = {
	moves: { port: 9000, hostname: 'moves.lab.local.' },
	kept: { port: 9000, hostname: 'kept.lab.local' },
	pair: { port: 9000, hostname: 'pair.lab.local', isMany: true, healthCheck },
	...Object.fromEntries(preferences.map((preference) => [preference, dual(preference)])),
};
const named = (name: string) => `${name.toLowerCase().replace('_', '-')}.lab.local`;

describe('the names of a mesh', async () => {
	const stack = suiteStack();
	const lab = await createFieldLab(stack);
	const { app, world } = lab;
	const dns = stack.use(createDnsPeer(lab.outside));
	await Promise.all([
		dns.listen(addresses.world.v4),
		...[first, second].map((address) => world.serve({ name: address, address, port: 9000 })),
		world.serve({ name: 'v4', address: addresses.world.v4, port: 9001 }),
		world.serve({ name: 'v6', address: addresses.world.v6, port: 9001 }),
	]);
	const daemon = await lab.start([
		mesh('DROP_ALL', { serviceDiscovery: { ipPreference: 'IPv4_ONLY' } }),
		client(Object.keys(parts).map(named)),
		...Object.entries(parts).flatMap(([name, part]) => [node(name, part), serviceOf(named(name), name)]),
	]);
	const targetOf = (name: string) => ({ address: first, port: parts[name]?.port ?? 0, host: named(name) });
	const ask = async (name: string) => (await app.get(targetOf(name))).body;
	const askUntil = (name: string, by: string) =>
		eventually(
			() => ask(name),
			(answer) => answer === by,
		);

	test('while no DNS server answers, Envoy is LIVE within seconds all the same, and definitions are checked', async (context) => {
		const timeOf = (event: string) =>
			Date.parse(new RegExp(`"time":"([^"]*)"[^\\n]*"event":"${event}"`).exec(daemon.log())?.[1] ?? '');
		const ms = timeOf('envoy live') - timeOf('envoy starting');
		context.diagnostic(`LIVE and configured after ${ms} ms`);
		assert.ok(ms < LONGEST_MS, daemon.log());
		assert.equal((await daemon.readStatus()).mesh?.settled, 1);
		const startedMs = performance.now();
		const { code, stdout } = lab.turnout('mesh', 'check', lab.definitions);
		context.diagnostic(`mesh check after ${Math.round(performance.now() - startedMs)} ms`);
		assert.equal(code, 0);
		assert.match(stdout, /warning: .*"[a-z0-9-]+\.lab\.local" and \d+ more names .* could not be told in time/);
	});

	describe('once they are answered', { concurrency: true }, () => {
		before(async () => {
			const one = ['moves', 'kept'].map((name) => dns.know(named(name), { addresses: [first], ttlSeconds }));
			const { v4, v6 } = addresses.world;
			await Promise.all([
				...one,
				dns.know('pair.lab.local', { addresses: [first, second], ttlSeconds }),
				dns.know('dual.lab.local', { addresses: [v4, v6], ttlSeconds }),
			]);
		});

		test('LOADBALANCER: once the name has another address, connections go there, and no request fails', async () => {
			await askUntil('moves', first);
			await dns.know(named('moves'), { addresses: [second], ttlSeconds });
			const answers: string[] = [];
			await eventually(
				async () => answers[answers.push(await ask('moves')) - 1],
				(by) => by === second,
			);
			assert.ok(
				answers.slice(0, -1).every((by) => by === first),
				answers.join(),
			);
		});

		test('ENDPOINTS: all addresses of a name are asked by turns; one that it has no more is left out though it is well', async () => {
			const by = () => app.getMany(targetOf('pair'), { times: 8, workers: 1 });
			await eventually(by, (counts) => counts[first] === 4 && counts[second] === 4);
			await dns.know(named('pair'), { addresses: [second], ttlSeconds });
			await eventually(by, (counts) => counts[second] === 8);
		});

		test('a name that is answered no more keeps its address', async () => {
			await askUntil('kept', first);
			const failures = () => readStatistic(app, 'cluster.cds_egress_lab_kept_http_9000.update_failure');
			const before = await failures();
			await dns.silence(named('kept'));
			await eventually(failures, (times) => times > before);
			assert.equal(await ask('kept'), first);
		});

		for (const [preference, family] of Object.entries(families))
			test(`ipPreference ${preference}: of a name with addresses of both families that of ${family} is asked`, async () =>
				void (await askUntil(preference, family)));
	});
});
