// kill -9 at any moment, with one backend: the host stays reachable, foreign rules stay, and the next start completes it.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Dialect } from '../../src/firewall/firewall.ts';
import { addresses } from '../lab/net/layout.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { snapshotHost } from '../lab/net/snapshot.ts';
import { askSocket } from '../lab/net/socket.ts';
import { startDaemon, type TestDaemon, turnoutProgram } from '../lab/turnout.ts';
import { dialectOf } from './dialects.ts';
import { eventually } from './eventually.ts';
import { createRandom } from './hostile-requests.ts';
import { assertKnown, type Check, createPlace, kill, openingTable } from './killing.ts';
import { rounds } from './rounds.ts';
import { openConnection, startListener } from './talk.ts';
import { changes } from './traces.ts';
import { createWrappers } from './wrapper.ts';

/** Five kinds of moments on two dialects. */
const ROUNDS = rounds(200) / 10;

/** What is under way, and when it is done. */
interface Doing {
	readonly child: ChildProcess;
	readonly done: Promise<unknown>;
}

export function testKilled(backend: Dialect): void {
	describe(`killed in the middle, with rules of ${backend}`, async () => {
		const stack = new AsyncDisposableStack();
		after(() => stack.disposeAsync());
		const place = stack.use(await createPlace(backend));
		const { host, turnout, look } = place;
		const { path: folder } = stack.use(createScratch('killed'));
		const fileOf = (name: string) => join(folder, `${name}.yaml`);
		const write = (name: string, ports: string, more = '') =>
			writeFileSync(fileOf(name), `appPorts: ${ports}\nbackend: ${backend}\nenvoy:\n  drainSeconds: 5\n${more}`);
		write('one', '8080');
		write('other', '9090,8081');
		const seed = Date.now() % 1_000_000;
		const random = createRandom(seed);

		const untouched = snapshotHost(host);
		const off = await look();
		const on = await turnout('init', '--config', fileOf('one')).then(look);
		const other = await turnout('init', '--config', fileOf('other')).then(look);
		await turnout('clean');
		const known: readonly Check[] = [off, on, other, await lookAfterDisable(), ...openings(backend)];

		async function start(): Promise<TestDaemon> {
			write('used', '8080');
			return startDaemon(host, { folder, args: ['--config', fileOf('used'), '--start-enabled', '1'] });
		}

		/** With a captured connection still open. */
		async function lookAfterDisable(): Promise<Check> {
			using _egress = await startListener(host, 'egress', 15001, 1337);
			await using daemon = await start();
			using _open = await openConnection(host, addresses.remote.v4, 443);
			assert.equal((await askSocket(daemon.socket, 'POST', '/v1/disable')).status, 200);
			return await look();
		}

		const command = (...args: string[]): Doing => {
			const child = host.spawn(turnoutProgram, args, { stdio: 'ignore' });
			return { child, done: once(child, 'exit') };
		};
		const kinds: Readonly<Record<string, () => Promise<Doing>>> = {
			'it applies rules': async () => command('init', '--config', fileOf('one')),
			async 'it takes them away'() {
				await turnout('init', '--config', fileOf('one'));
				return command('clean');
			},
			async 'a daemon starts'() {
				write('used', '8080');
				const own = ['--socket', join(folder, 'control.sock'), '--state-directory', join(folder, 'state')];
				const child = host.spawn(
					turnoutProgram,
					['run', '--no-prompt', ...own, '--config', fileOf('used'), '--start-enabled', '1'],
					{ stdio: ['ignore', 'ignore', 'pipe'] },
				);
				return { child, done: saysReady(child) };
			},
			async 'a daemon changes rules'() {
				const daemon = await start();
				write('used', '9090,8081');
				return { child: daemon.process, done: askSocket(daemon.socket, 'POST', '/v1/reload').catch(() => undefined) };
			},
			async 'a daemon stops'() {
				const daemon = await start();
				daemon.process.kill('SIGTERM');
				return { child: daemon.process, done: daemon.ended };
			},
		};

		/** As a command or as a daemon, by turns; both go on from what they find. */
		async function resume(round: number): Promise<void> {
			if (round % 2 === 0) await turnout('init', '--config', fileOf('one'));
			await using _daemon = round % 2 === 0 ? undefined : await start();
			assert.deepEqual(await look(), on);
		}

		/** Says what was hit: something under way, and a host between two states. */
		async function killOnce(begin: () => Promise<Doing>, lasts: number, round: number): Promise<readonly boolean[]> {
			const { child, done } = await begin();
			const moment = random() * lasts;
			await sleep(moment);
			const isWhole = random() < 0.5;
			const isUnderWay = child.exitCode === null && child.signalCode === null;
			kill(child, isWhole);
			await done;
			await place.quiet();
			const found = await look();
			assertKnown(found, { known, isWhole, title: `seed ${seed}, round ${round}, ${moment} ms` });
			await place.assertAlive();
			await resume(round);
			await turnout('clean');
			assert.deepEqual(await look(), off);
			await place.assertAlive();
			return [isUnderWay, !known.some((state) => isDeepStrictEqual(state, found))];
		}

		for (const [what, begin] of Object.entries(kinds))
			test(`while ${what}, ${ROUNDS} times at any moment: nothing of others is touched, and the next start goes on`, async (context) => {
				// The first time everything is read from the disk.
				const lasts = Math.min(await lengthOf(begin), await lengthOf(begin));
				await turnout('clean');
				const hits: (readonly boolean[])[] = [];
				for (let round = 0; round < ROUNDS; round += 1) hits.push(await killOnce(begin, lasts, round));
				const [underWay, between] = [0, 1].map((at) => hits.filter((hit) => hit[at]).length);
				context.diagnostic(
					`it lasts ${lasts.toFixed(0)} ms; ${underWay} of ${ROUNDS} under way, ${between} hosts between two states; seed ${seed}`,
				);
				assert.deepEqual(changes(untouched, snapshotHost(host)), []);
			});

		test('while the tools have not yet read rules that fill more than a pipe: each commit holds as a whole, or not at all', async () => {
			write('large', '8080', `egressIgnoredIps: ${manyFor(backend).join()}\n`);
			// Whatever else of a connection is captured comes in a second commit.
			const counts = () =>
				listings(backend).map(
					([program = '', ...args]) => host.tryRun(program, args).stdout.match(ONE_OF_MANY)?.length ?? 0,
				);
			await turnout('init', '--config', fileOf('large'));
			const all = counts();
			await turnout('clean');
			const go = join(folder, 'go');
			const waiting = `case " $* " in *list*) ;; *) touch ${go}-$$; until [ -e ${go} ]; do sleep 0.02; done ;; esac; exec "$real" "$@"`;
			using wrappers = createWrappers(Object.fromEntries(committers(backend).map((name) => [name, waiting])));
			const waitingOnes = () => readdirSync(folder).filter((name) => name.startsWith('go-')).length;
			const env = { ...process.env, ...wrappers.env };
			const child = host.spawn(turnoutProgram, ['init', '--config', fileOf('large')], { stdio: 'ignore', env });
			// What reads back is started once nft has been given what it commits.
			await eventually(waitingOnes, (count) => count === (backend === 'nft' ? 2 : 1));
			child.kill('SIGKILL');
			writeFileSync(go, '');
			await place.quiet();
			// Those of iptables come one after the other.
			assert.deepEqual(counts(), backend === 'nft' ? all : [0, all[1]]);
			assert.notDeepEqual(await look(), off);
			await place.assertAlive();
			await turnout('clean');
			assert.deepEqual(changes(untouched, snapshotHost(host)), []);
		});
	});
}

/** What prints what is committed first: the sets of a table of nft, and each family's rules; and what commits it. */
const listings = (backend: Dialect): string[][] =>
	backend === 'nft'
		? [['nft', 'list', 'table', 'inet', 'turnout']]
		: ['iptables', 'ip6tables'].map((name) => [`${name}-${dialectOf(backend)}-save`, '-t', 'nat']);
const committers = (backend: Dialect): string[] =>
	backend === 'nft' ? ['nft'] : ['iptables', 'ip6tables'].map((name) => `${name}-${dialectOf(backend)}-restore`);
/** A rule, or one of the addresses of a set. */
const ONE_OF_MANY = /^-A APPMESH_EGRESS |\/25\b/gm;

/** Those of iptables are told by the text of the whole rules. */
const openings = (backend: Dialect): Check[] => (backend === 'nft' ? ['8080', '9090,8081'].map(openingTable) : []);

/** Some 400 KB of rules, or of a set. */
const manyFor = (backend: Dialect): string[] =>
	Array.from({ length: backend === 'nft' ? 14_000 : 4_000 }, (_, at) => `10.${at >> 8}.${at & 255}.128/25`);

async function lengthOf(begin: () => Promise<Doing>): Promise<number> {
	const { child, done } = await begin();
	const started = performance.now();
	await done;
	const lasted = performance.now() - started;
	child.kill('SIGKILL');
	return lasted;
}

/** Or ends. */
async function saysReady(child: ChildProcess): Promise<void> {
	let said = '';
	const ready = new Promise<void>((resolve) => {
		child.stderr?.on('data', (part: Buffer) => {
			said += String(part);
			if (said.includes('"event":"ready"')) resolve();
		});
	});
	await Promise.race([ready, once(child, 'exit')]);
}
