// Who is captured by unit, where a real systemd makes the cgroups: across the units' restarts, while another one works on.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addresses } from '../../lab/net/layout.ts';
import { createDisk, type Machine } from '../../lab/services/systemd.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorld, powerOnIn, statusOf, unpacked, writeUnit } from '../../support/machine-host.ts';
import { root } from '../../support/pages.ts';
import { suiteStack } from '../../support/suite-stack.ts';

/** Connects from its first moment on, again and again, and says who has answered. */
const client = `#!/bin/bash
while :; do
	line=failed
	if exec 3<>/dev/tcp/${addresses.remote.v4}/443; then IFS= read -r -t 10 line <&3; exec 3<&-; fi
	echo "$line"
	sleep 0.01
done 2>/dev/null
`;

const envoy = `
import { createServer } from 'node:net';
createServer((socket) => socket.on('error', () => socket.destroy()).resume().end('envoy\\n')).listen(15001);
`;

const RESTARTS = 8;

for (const backend of ['iptables-nft', 'nft'])
	describe(`units of a real systemd, with ${backend}`, async () => {
		const stack = suiteStack();
		const place = await createWorld(stack);
		const machine = await powerOnIn(place, stack, stack.use(createDisk()), { hasSecondCgroups: true });
		const { run, path } = machine;
		install(machine);
		const configure = (...lines: readonly string[]) =>
			writeFileSync(
				path('/etc/turnout/turnout.yaml'),
				`${['startEnabled: 1', `backend: ${backend}`, ...lines].join('\n')}\n`,
			);
		const answersOf = (unit: string) =>
			readFileSync(path(`/run/${unit}.out`), 'utf8')
				.split('\n')
				.filter(Boolean);
		const start = (unit: string) => run('systemctl', 'restart', unit);
		/** Once it has had some answers; whatever else they say. */
		const answered = (unit: string, count: number) =>
			eventually(
				() => answersOf(unit),
				(all) => all.length >= count,
			);

		test('an ignored unit goes directly soon after each of its starts, and another one never does', async (context) => {
			configure('ignoreUnits: [agent.service, gone.service]');
			run('systemctl', 'start', 'envoy', 'turnout', 'shop');
			const captured: number[] = [];
			for (let restart = 0; restart < RESTARTS; restart += 1) {
				start('agent');
				const answers = await answered('agent', 20);
				const first = answers.indexOf('remote');
				assert.ok(first >= 0 && first < 15, answers.join());
				assert.deepEqual(new Set(answers.slice(0, first)), new Set(first === 0 ? [] : ['envoy']));
				assert.deepEqual(new Set(answers.slice(first)), new Set(['remote']));
				captured.push(first);
			}
			context.diagnostic(`captured before the rules had followed, by start: ${captured.join(', ')}`);
			run('systemctl', 'stop', 'shop');
			const others = answersOf('shop');
			context.diagnostic(`answers of the other unit meanwhile: ${others.length}`);
			assert.ok(others.length > 20 * RESTARTS);
			assert.deepEqual(new Set(others), new Set(['envoy']));
			const { repairs, units, is } = statusOf(machine);
			assert.deepEqual([is, repairs.count], ['enabled', 0]);
			assert.deepEqual(units, [
				{ unit: 'agent.service', isThere: true },
				{ unit: 'gone.service', isThere: false },
			]);
			assert.match(run('turnout', 'status'), /^units +agent\.service, 1 not running$/m);
		});

		test('what becomes of a connection of a unit is explained', () => {
			const explain = (...words: readonly string[]) =>
				run('turnout', 'explain', 'out', `${addresses.remote.v4}:443`, ...words);
			assert.match(explain('--unit', 'agent.service'), /goes to +direct.*setting +ignoreUnits/s);
			assert.doesNotMatch(explain(), /goes to +direct/);
		});

		test('with onlyUnits all others go directly, and the unit that waits for its rules never does', async (context) => {
			configure('onlyUnits: shop.service');
			run('turnout', 'reload');
			start('agent');
			const free: number[] = [];
			for (let restart = 0; restart < RESTARTS; restart += 1) {
				start('shop');
				const answers = await answered('shop', 20);
				const first = answers.indexOf('envoy');
				assert.ok(first >= 0 && first < 15, answers.join());
				assert.deepEqual(new Set(answers.slice(first)), new Set(['envoy']));
				free.push(first);
			}
			context.diagnostic(`past Envoy before the rules had followed, by start: ${free.join(', ')}`);
			writeUnit(machine, 'shop.service.d/turnout.conf', dropIn());
			for (let restart = 0; restart < RESTARTS; restart += 1) {
				start('shop');
				assert.deepEqual(new Set(await answered('shop', 20)), new Set(['envoy']));
			}
			run('systemctl', 'stop', 'agent');
			assert.deepEqual(new Set(answersOf('agent')), new Set(['remote']));
			assert.equal(statusOf(machine).repairs.count, 0);
		});
	});

/** As the documentation has it. */
function dropIn(): readonly string[] {
	const page = readFileSync(join(root, 'docs/units.md'), 'utf8');
	const [, lines = assert.fail('it is not there')] =
		/^# \/etc\/systemd\/system\/APPLICATION.*\n([^`]+)```/m.exec(page) ?? [];
	return lines.trim().split('\n');
}

function install(machine: Machine): void {
	const { run, path } = machine;
	run('mkdir', '-p', '/etc/turnout', '/srv');
	writeFileSync(path('/srv/client'), client, { mode: 0o755 });
	writeFileSync(path('/srv/envoy.mjs'), envoy);
	run(`${unpacked}/scripts/install`);
	run('useradd', '--system', '--uid', '1337', 'envoy');
	writeUnit(machine, 'envoy.service', [
		'[Service]',
		'User=envoy',
		`ExecStart=${unpacked}/dist/lib/node /srv/envoy.mjs`,
	]);
	for (const name of ['agent', 'shop'])
		writeUnit(machine, `${name}.service`, [
			...['[Unit]', 'StartLimitIntervalSec=0', '[Service]'],
			...[`StandardOutput=truncate:/run/${name}.out`, 'ExecStart=/srv/client'],
		]);
}
