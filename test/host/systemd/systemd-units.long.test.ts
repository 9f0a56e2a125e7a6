// Who is captured by unit, where a real systemd makes the cgroups: across the units' restarts, while another one works on.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
	echo "$EPOCHREALTIME $line"
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
		const answersOf = (unit: string): Answer[] =>
			readAnswers(path(`/run/${unit}.out`))
				.split('\n')
				.filter((line) => line.includes(' '))
				.map((line) => line.split(' '))
				.map(([seconds = '', by = '']) => ({ ms: Number(seconds) * 1_000, by }));
		/** Starts it, and waits until this one answers. Resolves to how long others have, from its first connection on. */
		const restart = async (unit: string, wanted: string): Promise<Turn> => {
			run('systemctl', 'stop', unit);
			rmSync(path(`/run/${unit}.out`), { force: true });
			run('systemctl', 'start', unit);
			const answers = await eventually(
				() => answersOf(unit),
				(all) => all.length >= 20 && all.at(-1)?.by === wanted,
			);
			const first = answers.findIndex(({ by }) => by === wanted);
			const others = answers.slice(0, first).map(({ by }) => by);
			// Once the rules have followed it stays so.
			assert.deepEqual(namesIn(answers.slice(first)), [wanted]);
			return { others, ms: Math.round((answers[first]?.ms ?? 0) - (answers[0]?.ms ?? 0)) };
		};

		test('an ignored unit goes directly soon after each of its starts, and another one never does', async (context) => {
			configure('ignoreUnits: [agent.service, gone.service]');
			run('systemctl', 'start', 'envoy', 'turnout');
			run('systemctl', 'start', 'shop');
			for (let start = 1; start <= RESTARTS; start += 1) {
				const { others, ms } = await restart('agent', 'remote');
				assert.ok(others.every((by) => by === 'envoy'));
				context.diagnostic(`start ${start}: ${others.length} captured in the first ${ms} ms`);
			}
			run('systemctl', 'stop', 'shop');
			const others = answersOf('shop');
			context.diagnostic(`answers of the other unit meanwhile: ${others.length}`);
			assert.ok(others.length > 20 * RESTARTS);
			assert.deepEqual(namesIn(others), ['envoy']);
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
			assert.match(
				explain('--unit', 'agent.service'),
				/past Envoy\n.*because +this unit is ignored\n.*setting +ignoreUnits/,
			);
			assert.doesNotMatch(explain(), /past Envoy/);
		});

		test('with onlyUnits all others go directly, and the unit that waits for its rules never does', async (context) => {
			configure('onlyUnits: shop.service');
			run('turnout', 'reload');
			run('systemctl', 'restart', 'agent');
			for (let start = 1; start <= RESTARTS; start += 1) {
				const { others, ms } = await restart('shop', 'envoy');
				assert.ok(others.every((by) => by === 'remote'));
				context.diagnostic(`start ${start}: ${others.length} past Envoy in the first ${ms} ms`);
			}
			writeUnit(machine, 'shop.service.d/turnout.conf', dropIn());
			for (let start = 1; start <= RESTARTS; start += 1)
				assert.deepEqual((await restart('shop', 'envoy')).others, [], `start ${start}`);
			run('systemctl', 'stop', 'agent');
			assert.deepEqual(namesIn(answersOf('agent')), ['remote']);
			assert.equal(statusOf(machine).repairs.count, 0);
		});
	});

interface Answer {
	readonly ms: number;
	readonly by: string;
}

interface Turn {
	readonly others: readonly string[];
	readonly ms: number;
}

const readAnswers = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

const namesIn = (answers: readonly Answer[]): string[] => [...new Set(answers.map(({ by }) => by))];

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
