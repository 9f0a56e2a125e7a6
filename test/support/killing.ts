// A host with foreign rules and open connections, on which turnout is killed; and its state then.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Dialect } from '../../src/firewall/firewall.ts';
import { nft } from '../../src/firewall/nft/nft-firewall.ts';
import { buildRuleset } from '../../src/ruleset/build.ts';
import { byFamily } from '../../src/values/units.ts';
import { installDockerRules } from '../lab/net/docker-rules.ts';
import { installAdministratorRules } from '../lab/net/foreign-rules.ts';
import { createHost } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import { createNamespace, type Namespace } from '../lab/net/namespace.ts';
import { turnoutProgram } from '../lab/turnout.ts';
import { captureOf } from './capture.ts';
import { dialectOf } from './dialects.ts';
import { eventually } from './eventually.ts';
import { outcomeOf } from './outcome.ts';
import { ownRules } from './own-rules.ts';
import { openConnection, startListener, type Talker } from './talk.ts';

/** Each table of each family as it was saved, our table of nft, and the policy rules and routes. */
export type Check = Readonly<Record<string, string>>;

export interface Place extends Disposable {
	readonly host: Namespace;
	readonly look: () => Promise<Check>;
	/** A turnout command to its end, which has to be a good one. */
	readonly turnout: (...args: string[]) => Promise<void>;
	/** Fails unless every connection is as alive as when it was opened. */
	readonly assertAlive: () => Promise<void>;
	/** Those that turnout has started and that outlive it have come to their end. */
	readonly quiet: () => Promise<void>;
}

export async function createPlace(backend: Dialect): Promise<Place> {
	using stack = new DisposableStack();
	const lab = stack.use(createHost({ container: false }));
	const { host, world } = lab;
	installAdministratorRules(host, dialectOf(backend));
	installDockerRules(host, dialectOf(backend));
	const { metadata } = addresses;
	const sshd = stack.use(await startListener(host, 'sshd', 22));
	stack.use(await startListener(world, 'metadata', 80));
	const open = async (from: Namespace, to: string, port: number) => stack.use(await openConnection(from, to, port));
	const talkers: readonly (readonly [string, Talker])[] = [
		['sshd', await open(world, addresses.host.v4, 22)],
		['sshd', await open(world, addresses.host.v6, 22)],
		['metadata', await open(host, metadata.v4, 80)],
	];
	const residents = pidsIn(host);
	const kept = stack.move();
	let words = 0;
	return {
		host,
		look: () => lookAt(host, backend),
		async turnout(...args) {
			const { code, stderr } = await outcomeOf(host.spawn(turnoutProgram, args, { stdio: 'pipe' }));
			assert.equal(code, 0, `turnout ${args.join(' ')}: ${stderr}`);
		},
		async assertAlive() {
			words += 1;
			for (const [name, talker] of talkers) {
				talker.say(`word ${words}`);
				assert.equal(await talker.receive(), `${name} hears word ${words}`);
			}
			// Who sits at the other end speaks first, too.
			sshd.say('prompt');
			for (const [, talker] of talkers.slice(0, 2)) assert.equal(await talker.receive(), 'sshd says prompt');
		},
		quiet: async () => {
			const strangers = () => pidsIn(host).filter((pid) => !residents.includes(pid));
			await eventually(strangers, (pids) => pids.length === 0);
		},
		[Symbol.dispose]: () => kept.dispose(),
	};
}

const pidsIn = ({ name }: Namespace): string[] =>
	execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).split('\n').filter(Boolean);

async function lookAt(host: Namespace, backend: Dialect): Promise<Check> {
	const commands = ['iptables', 'ip6tables'].map((name) => `echo "=== ${name}"; ${name}-${dialectOf(backend)}-save`);
	const routing = ['-4', '-6'].map(
		(family) => `echo "=== routing ${family}"; ip ${family} rule; ip ${family} route show table 100 2>/dev/null`,
	);
	const script = [...commands, ...routing, 'true'].join('; ');
	const { stdout } = await outcomeOf(host.spawn('sh', ['-c', script], { stdio: 'pipe' }));
	const plain = stdout.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '[0:0]');
	const sections = plain.split(/^=== /m).slice(1);
	const own = backend === 'nft' ? [['own', ownRules(host, backend)]] : [];
	return Object.fromEntries([...sections.flatMap(tablesIn), ...own]);
}

function tablesIn(section: string): [string, string][] {
	const [name = '', ...tables] = section.split(/\n(?=\*)/);
	const [program = '', ...rest] = name.split('\n');
	if (program.startsWith('routing')) return [[program, rest.join('\n')]];
	return tables.map((text) => [`${program} ${/^\*(\w+)/.exec(text)?.[1]}`, text]);
}

export interface Expected {
	/** Each state that turnout leaves when it is let finish. */
	readonly known: readonly Check[];
	/** The tools that turnout had started were killed with it, so that a family may be changed in one table only. */
	readonly isWhole: boolean;
	readonly title: string;
}

/** What is committed first: only what opens a connection is captured. */
const openingOf = (look: Check): Check =>
	Object.fromEntries(
		Object.entries(look).map(([name, text]) => [name, name.includes('tables ') ? openingIn(text) : text]),
	);

function openingIn(text: string): string {
	const isLater = text.startsWith('*mangle')
		? /APPMESH_(EGRESS|INVALID|LOST)/
		: /^-A (OUTPUT|PREROUTING) .* ! --tcp-flags .* -j APPMESH_/;
	return text
		.split('\n')
		.filter((line) => !isLater.test(line))
		.join('\n');
}

/** What is committed first to our table of nft, as it is listed. */
export function openingTable(appPorts: string): Check {
	using namespace = createNamespace('opening');
	const rules = byFamily((family) => buildRuleset(captureOf({ appPorts }), family, 'syn'));
	namespace.run('nft', ['--file', '-'], { input: nft.renderInstallations(rules)[0]?.document ?? '' });
	return { own: ownRules(namespace, 'nft') };
}

/** Each table, and where the tools were let finish each family, is as it is in one of the known states: nothing in between. */
export function assertKnown(look: Check, { known: whole, isWhole, title }: Expected): void {
	const known = [...whole, ...whole.map(openingOf)];
	assert.deepEqual(foreignOf(look), foreignOf(known[0] ?? {}), title);
	const isOf = (state: Check, name: string) => state[name] === look[name];
	const tables = Object.keys(look).filter((name) => name.includes('tables ') || name === 'own');
	for (const name of tables)
		assert.ok(
			known.some((state) => isOf(state, name)),
			`${title}: ${look[name]}`,
		);
	const families = isWhole ? [] : ['iptables ', 'ip6tables '].map((of) => tables.filter((name) => name.startsWith(of)));
	for (const family of families)
		assert.ok(
			known.some((state) => family.every((name) => isOf(state, name))),
			`${title}: ${family.map((name) => look[name])}`,
		);
	for (const name of ['routing -4', 'routing -6']) {
		const lines = (look[name] ?? '').split('\n').filter(Boolean);
		assert.deepEqual(lines, [...new Set(lines)], title);
	}
}

/** What is not ours of it. */
const foreignOf = (look: Check): Check =>
	Object.fromEntries(
		Object.entries({ ...look, own: '' }).map(([name, text]) => [
			name,
			text.replace(/^.*(APPMESH_|0x1e7700ce).*\n|^(local|throw) default .*\n/gm, ''),
		]),
	);

/** SIGKILL; `whole`: with all that it has started, as a service manager does it. */
export function kill(child: ChildProcess, whole: boolean): void {
	const children = whole ? childrenOf(child.pid) : [];
	child.kill('SIGKILL');
	for (const pid of children)
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// It has ended.
		}
}

function childrenOf(pid: number | undefined): number[] {
	try {
		return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
	} catch {
		return [];
	}
}
