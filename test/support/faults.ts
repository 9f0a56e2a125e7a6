// A fault is done to a host whose connections are captured, while 8 clients connect without a pause.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Dialect } from '../../src/firewall/firewall.ts';
import type { Status } from '../../src/status/types.ts';
import { createHost, type Host } from '../lab/net/host.ts';
import { addresses } from '../lab/net/layout.ts';
import { type Counts, requireAll, startLoad } from '../lab/net/load.ts';
import { createPeers, type Peers } from '../lab/net/peers.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { askSocket } from '../lab/net/socket.ts';
import { startDaemon, type TestDaemon } from '../lab/turnout.ts';
import { nameOf } from './calls.ts';
import { dialectOf } from './dialects.ts';
import { eventually } from './eventually.ts';
import { ownRules } from './own-rules.ts';

export interface FaultHost extends AsyncDisposable {
	readonly lab: Host;
	readonly peers: Peers;
	readonly daemon: TestDaemon;
	readonly backend: Dialect;
	readonly through: readonly string[];
	/** Rules, policy rules and our table's routes, without counters. */
	readonly rules: () => string;
	readonly status: () => Promise<Status>;
}

export interface FaultOptions {
	/** More of the daemon's. */
	readonly args?: readonly string[];
	/** The host; one without containers unless given. It is disposed of as well. */
	readonly lab?: Host;
	/** A program, with its arguments, that runs turnout and whoever does the faults. */
	readonly through?: readonly string[];
	/** More of the daemon's. */
	readonly env?: Readonly<Record<string, string>>;
	/** Where `app` answers. */
	readonly appPorts?: readonly number[];
}

export async function createFaultHost(backend: Dialect, options: FaultOptions = {}): Promise<FaultHost> {
	await using stack = new AsyncDisposableStack();
	const { args: more = [], through = [], env = {}, appPorts } = options;
	const lab = stack.use(options.lab ?? createHost({ container: false }));
	// Somebody else's tables and rules.
	for (const program of ['iptables', 'ip6tables'])
		lab.host.run(`${program}-${dialectOf(backend)}`, [
			'-A',
			'FORWARD',
			'-m',
			'conntrack',
			'--ctstate',
			'INVALID',
			'-j',
			'DROP',
		]);
	const peers = stack.use(await createPeers(lab, appPorts === undefined ? {} : { appPorts }));
	const folder = stack.use(createScratch('fault')).path;
	const args = ['--app-ports', '8080', '--backend', backend, '--start-enabled', '1', ...more];
	const daemon = stack.use(await startDaemon(lab.host, { args, folder, through, env }));
	const rules = () => savedRules(lab, backend);
	const status = async () => JSON.parse((await askSocket(daemon.socket, 'GET', '/v1/status')).text) as Status;
	const kept = stack.move();
	return { lab, peers, daemon, backend, through, rules, status, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function savedRules({ host }: Host, backend: Dialect): string {
	const routing = [
		['rule', 'show', 'fwmark', '0x1e7700ce'],
		['route', 'show', 'table', '100'],
	].flatMap((args) => ['-4', '-6'].map((family) => host.tryRun('ip', [family, ...args]).stdout));
	// Built-in chains that somebody else needs are not there for us alone any more.
	const rules = ownRules(host, backend).replace(/^:APPMESH_(PREROUTING|OUTPUT) .*\n/gm, '');
	return [rules, ...routing].join('\n');
}

export interface Fault {
	readonly what: string;
	/** For sh(1) on the host; `iptables` and `ip6tables` are those of the backend, or beside it. */
	readonly script: string;
	/** What happens again afterwards, after which all is to be as before. */
	readonly undo?: string;
	/** True: nothing of ours is touched by it, and no connection may notice. */
	readonly isHarmless?: boolean;
	/** True: nothing of ours is touched by it; what it does to connections is what it is for. */
	readonly isOthers?: boolean;
}

/** One test per fault: its cost in connections is printed; in the end all is as before and everything is captured. */
export function testFaults(place: () => FaultHost, faults: readonly Fault[]): void {
	for (const fault of faults)
		test(`${fault.what}: ${outcomeOf(fault)}`, (context) => testFault(place(), fault, context));
}

function outcomeOf({ isHarmless, isOthers }: Fault): string {
	if (isOthers) return 'nothing of ours is touched';
	return isHarmless ? 'no connection notices' : 'put right at once, and told';
}

async function testFault(place: FaultHost, fault: Fault, context: TestContext): Promise<void> {
	const { peers, daemon, rules, status } = place;
	const tellings = () => daemon.log().split('"event":"repaired"').length;
	const told = tellings();
	const whole = rules();
	const { count } = (await status()).repairs;
	// A harmless fault fails no connection, so none needs a short timeout.
	const load = await (fault.isHarmless ? startLoad(peers) : startLoad(peers, FAULT_PATIENCE_MS));
	run(place, fault.script);
	if (fault.undo !== undefined) run(place, fault.undo);
	const endedMs = performance.now();
	const isRepaired = !fault.isHarmless && !fault.isOthers;
	if (isRepaired) await eventually(status, ({ repairs }) => repairs.count > count);
	if (isRepaired) await eventually(tellings, (now) => now > told);
	await eventually(rules, (now) => now === whole);
	const ms = performance.now() - endedMs;
	const counts = await load.count();
	const { repairs, is } = await status();
	const figure = !isRepaired ? '' : `in ${repairs.last?.ms} ms, seen from outside within ${Math.round(ms)} ms, `;
	context.diagnostic(`${figure}${counted(counts)}`);
	assert.equal(is, 'enabled');
	if (!isRepaired) assert.equal(repairs.count, count, daemon.log());
	assert.ok(counts.captured > 0);
	if (fault.isHarmless) assert.deepEqual({ ...counts, captured: 0 }, { captured: 0, bypassed: 0, failed: 0 });
	await requireAll(peers, 'captured');
	assert.equal(nameOf(await peers.world.connect(addresses.host.v4, 22)), 'app');
	const after = await startLoad(peers);
	await after.stop('captured only', 1);
}

/** A connection of the moment of the fault may get no answer at all. */
const FAULT_PATIENCE_MS = 3_000;

export const counted = ({ captured, bypassed, failed }: Counts): string =>
	`meanwhile ${bypassed} past Envoy, ${failed} failed, ${captured} captured`;

/** The programs of the backend, or beside it, under their plain names. */
function run({ lab, backend, through }: FaultHost, script: string): void {
	const plain = ['iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore'].map((name) => {
		const [program = '', verb] = name.split('-');
		return `${name.replace('-', '_')}() { ${program}-${dialectOf(backend)}${verb === undefined ? '' : `-${verb}`} "$@"; }`;
	});
	const [program = '', ...args] = [...through, 'sh', '-ec', [...plain, script].join('\n')];
	lab.host.run(program, args);
}
