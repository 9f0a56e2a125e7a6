// Docker is restarted, and somebody who never leaves us alone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFirewalls } from '../../lab/net/firewalls.ts';
import { createHost } from '../../lab/net/host.ts';
import { requireAll, startLoad } from '../../lab/net/load.ts';
import { startDockerd } from '../../lab/services/dockerd.ts';
import { importAnswerer } from '../../lab/services/image.ts';
import { eventually } from '../../support/eventually.ts';
import { counted, createFaultHost, testFaults } from '../../support/faults.ts';
import { isFull } from '../../support/rounds.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('a Docker that publishes an app port', async () => {
	const stack = suiteStack();
	const lab = createHost({ container: false });
	const docker = await startDockerd(lab, { dialect: 'nft' });
	importAnswerer(docker);
	const published = ['--detach', '--restart', 'always', '--name', 'shop', '--publish', '8080:80', 'answerer:1'];
	docker.docker(['run', ...published, 'container', '80']);
	const place = await createFaultHost('nft', { lab, appPorts: [22] });
	stack.use(place);
	stack.use(docker);

	test('is restarted: no connection is affected', async (context) => {
		const whole = place.rules();
		const load = await startLoad(place.peers);
		await docker.restart();
		const list = () => docker.docker(['ps', '--format', '{{.Names}} {{.Ports}}']);
		await eventually(list, (names) => /^shop .*8080->80/.test(names));
		const counts = await load.count();
		context.diagnostic(counted(counts));
		assert.deepEqual({ ...counts, captured: 0 }, { captured: 0, bypassed: 0, failed: 0 });
		assert.ok(counts.captured > 0);
		assert.equal(place.rules(), whole);
		const { repairs, others } = await place.status();
		assert.equal(repairs.count, 0);
		assert.deepEqual(others, [
			{
				name: 'Docker',
				does: 'publishes ports of containers and isolates their networks',
				tools: ['iptables-nft'],
			},
		]);
		await requireAll(place.peers, 'captured');
	});

	testFaults(
		() => place,
		[
			{
				what: "our hook is put behind Docker's",
				script: `rule=$(iptables -w -t nat -S PREROUTING 1)
					printf '*nat\\n-D PREROUTING 1\\n%s\\nCOMMIT\\n' "$rule" | iptables_restore -w --noflush`,
			},
		],
	);
});

describe('a program that keeps emptying our chains', async () => {
	const stack = suiteStack();
	const lab = createHost({ container: false });
	const firewalls = stack.use(await createFirewalls(lab.host));
	for (const port of ['22', '8080', '15000']) firewalls.run('ufw', ['allow', `${port}/tcp`]);
	firewalls.run('ufw', ['--force', 'enable']);
	const place = stack.use(await createFaultHost('nft', { lab, through: firewalls.through }));

	test('repairs slow down, status names the program, and all recovers when it stops', async (context) => {
		const whole = place.rules();
		// As soon as they are back, so that on a busy machine too there is something to undo.
		const isThere = 'iptables-nft -w -t nat -S APPMESH_EGRESS | grep -q "^-A"';
		const flush = `while :; do ${isThere} && sleep 0.1 && iptables-nft -w -t nat -F APPMESH_EGRESS; sleep 0.05; done`;
		const vandal = place.lab.host.spawn('sh', ['-c', flush], { stdio: 'ignore' });
		stack.defer(() => void vandal.kill('SIGKILL'));
		const repairs = async () => {
			const found = (await place.status()).conditions.find(({ subject }) => subject === 'repairs');
			return found?.ok === false ? found : undefined;
		};
		// On a busy machine a repair may fail before, undone between its commit and the read-back.
		const condition = await eventually(repairs, (found) => /undone/.test(found?.why ?? ''), 240_000);
		const { why = '', remedy = '' } = condition ?? {};
		context.diagnostic(why);
		assert.match(
			why,
			/^others have undone them \d+ times within a minute, the last time by \S*iptables\S* .*; of those that do such things there run here: .*ufw.*; they are put back every 5 s now$/,
		);
		assert.match(remedy, /leave the chains APPMESH_… and what leads to them alone/);
		const from = await place.status();
		const to = await eventually(place.status, ({ repairs: { count } }) => count >= from.repairs.count + 2);
		const seconds = (Date.parse(to.repairs.last?.at ?? '') - Date.parse(from.repairs.last?.at ?? '')) / 1_000;
		context.diagnostic(`${to.repairs.count - from.repairs.count} more repairs in ${seconds} s`);
		assert.ok(seconds >= 9, `two in ${seconds} s`);
		vandal.kill('SIGKILL');
		const stoppedMs = performance.now();
		await eventually(place.rules, (rules) => rules === whole);
		context.diagnostic(`put right ${Math.round(performance.now() - stoppedMs)} ms after it stopped`);
		await requireAll(place.peers, 'captured');
		// That is the minute which it tells of.
		if (!isFull) return;
		await eventually(repairs, (found) => found === undefined, 90_000);
		context.diagnostic(
			`status is well again ${Math.round((performance.now() - stoppedMs) / 1_000)} s after it stopped`,
		);
	});
});
