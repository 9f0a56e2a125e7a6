// The canary of the fleet's demo, moved from here and from there, with an etcd and a control less each time.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpCounts } from '../lab/net/http-peer.ts';
import { eventually } from '../support/eventually.ts';
import { byFile, guideRoute, guideWeights, ROUTE_FILE, type Weights } from '../support/guide-commands.ts';
import { fleetClaims } from './fleet-claims.ts';
import type { Console } from './fleet-console.ts';
import type { FleetHosts } from './fleet-hosts.ts';
import type { FleetLoad } from './fleet-load.ts';
import { leaderOf, type Operator, readRoute } from './fleet-operator.ts';
import { type FleetRow, renderFleetTable, V1, V2 } from './fleet-table.ts';
import type { FleetControl, FleetEtcd, FleetWorld } from './fleet-world.ts';
import type { Screen } from './screen.ts';
import type { Claim } from './verdict.ts';

export interface FleetDemo {
	readonly screen: Screen;
	readonly world: FleetWorld;
	readonly operator: Operator;
	readonly hosts: FleetHosts;
	readonly console: Console;
	readonly load: FleetLoad;
	/** Those that run. */
	readonly etcds: FleetEtcd[];
	readonly rows: FleetRow[];
}

/** Long enough for the shares to show. */
const ROUND_MS = 1_500;

export async function moveCanary(demo: FleetDemo): Promise<Claim[]> {
	const { world, console, hosts, load, rows } = demo;
	const used = world.controls.find(({ address }) => address === hosts.controlOfGateway());
	const other = world.controls.find((control) => control !== used);
	if (used === undefined || other === undefined) throw new Error("The gateway's Envoy is connected to no control");
	await addRow(demo, 'the guide: 90/10', guideWeights);
	await move(demo, 'aws-cli: 0/100', [0, 100], (to) => update(demo, used, to));
	await console.prepare(used, [100, 0]);
	const leader = await killLeader(demo);
	await move(demo, `console: 100/0, ${leader} killed`, [100, 0], () => save(demo, used));
	await killControl(demo, used);
	await move(demo, `aws-cli: 0/100, ${used.name} killed`, [0, 100], (to) => update(demo, other, to));
	await console.prepare(other, [50, 50]);
	await move(demo, 'console: 50/50', [50, 50], () => save(demo, other));
	const isServed = await eventually(hosts.controlOfGateway, (address) => address === other.address).then(
		() => true,
		() => false,
	);
	return fleetClaims({ rows, total: await load.stop(), kept: demo.etcds.map(readRoute), isServed });
}

/** A change; when it shows, and who answers then. */
async function move(demo: FleetDemo, what: string, to: Weights, make: (to: Weights) => Promise<void>): Promise<void> {
	const from = demo.rows.at(-1)?.weights ?? guideWeights;
	const [service, gateway] = await demo.load.during({ from, to, change: () => make(to) });
	const [etcd] = demo.etcds;
	if (etcd === undefined) throw new Error('unreachable: two are left');
	const { changedMs } = readRoute(etcd);
	await addRow(demo, what, to, [service - changedMs, gateway - changedMs]);
}

async function addRow(demo: FleetDemo, what: string, weights: Weights, shownMs?: FleetRow['shownMs']): Promise<void> {
	const { screen, load, rows } = demo;
	const before = await load.counts();
	await sleep(ROUND_MS);
	const after = await load.counts();
	rows.push({ what, weights, shownMs, counts: difference(before, after) });
	screen.draw(renderFleetTable(rows, screen.colours));
}

function difference(before: HttpCounts, after: HttpCounts): FleetRow['counts'] {
	const of = (by: string) => (after[by] ?? 0) - (before[by] ?? 0);
	const all = Object.keys(after).reduce((sum, by) => sum + of(by), 0);
	return [of(V1), of(V2), all - of(V1) - of(V2)];
}

async function update(demo: FleetDemo, control: FleetControl, to: Weights): Promise<void> {
	demo.operator.write(ROUTE_FILE, guideRoute(to));
	await runAws(demo, control, byFile('update-route', ROUTE_FILE));
}

export async function runAws(
	{ screen, operator }: Pick<FleetDemo, 'screen' | 'operator'>,
	control: FleetControl,
	words: readonly string[],
): Promise<void> {
	const startMs = performance.now();
	const [operation = '', ...more] = words;
	screen.tell(`$ aws appmesh ${operation} …`);
	await operator.aws(control, words);
	screen.step(`$ aws appmesh ${operation}`, startMs);
	screen.note(`    ${more.join(' ')}`);
}

async function save({ screen, console }: FleetDemo, { url }: FleetControl): Promise<void> {
	const startMs = performance.now();
	screen.tell('In the browser: review, save …');
	await console.save();
	screen.step('In the browser: review, save', startMs);
	screen.note(`    ${url}/console/`);
}

/** Returns its name. */
async function killLeader({ screen, etcds }: FleetDemo): Promise<string> {
	const startMs = performance.now();
	const leader = leaderOf(etcds);
	await leader.etcd.end('SIGKILL');
	etcds.splice(etcds.indexOf(leader), 1);
	screen.step(`${leader.name}, the leader of the three, is killed`, startMs);
	return leader.name;
}

async function killControl({ screen }: FleetDemo, { name, kill }: FleetControl): Promise<void> {
	const startMs = performance.now();
	await kill();
	screen.step(`${name}, which the gateway's Envoy was connected to, is killed`, startMs);
}
