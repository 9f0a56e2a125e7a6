// App Mesh's API for a fleet: aws-cli makes the guide's mesh over etcd, and moves its canary, as the console does, while requests
// run and what may fail does.
import { findEnvoy } from '../lab/services/envoy.ts';
import { findEtcd } from '../lab/services/etcd.ts';
import { awsTools } from '../support/aws-tools.ts';
import { byFile, guideCommands, guideInputs } from '../support/guide-commands.ts';
import { openConsole } from './fleet-console.ts';
import { gatewayInputs, startFleetHosts } from './fleet-hosts.ts';
import { startFleetLoad } from './fleet-load.ts';
import { type FleetDemo, moveCanary, runAws } from './fleet-moves.ts';
import { createOperator } from './fleet-operator.ts';
import { renderFleetTable } from './fleet-table.ts';
import { openFleetWorld } from './fleet-world.ts';
import type { Screen } from './screen.ts';
import { renderClaims } from './verdict.ts';

const PICTURE = `
  aws-cli ──▶ control-1 ──┬── etcd-1 ──┬──▶ service-a     turnout and Envoy
                          ├── etcd-2 ──┼──▶ service-b-v1  turnout and Envoy
  browser ──▶ control-2 ──┴── etcd-3 ──┴──▶ service-b-v2  turnout and Envoy
                      └───── mutual TLS ──▶ gateway       Envoy alone

  service-a, and a stranger through the gateway, call serviceB.simpleapp.local.
  A ms, gw ms: from when the API made a change until it showed in their requests

`;

/** True when everything was as it should be. `folder`: there before the hosts, and gone after them. */
export async function runFleetDemo(screen: Screen, folder: string): Promise<boolean> {
	// What a program leaves that is killed goes with the folder, after the hosts.
	process.env['TMPDIR'] = folder;
	screen.print(PICTURE);
	screen.note("Looking for Envoy, etcd and AWS's CLI; the first time they are downloaded …");
	await Promise.all([findEnvoy(), findEtcd()]);
	awsTools();
	const startMs = performance.now();
	await using stack = new AsyncDisposableStack();
	const demo = await openFleet(stack, screen, folder);
	const claims = await moveCanary(demo);
	screen.finish(renderFleetTable(demo.rows, screen.colours));
	screen.print(renderClaims(claims, screen.colours));
	await stack.disposeAsync();
	screen.print(`\nThe little fleet is gone again, after ${((performance.now() - startMs) / 1_000).toFixed(1)} s.\n`);
	return claims.every(({ isTrue }) => isTrue);
}

async function openFleet(stack: AsyncDisposableStack, screen: Screen, folder: string): Promise<FleetDemo> {
	const startMs = performance.now();
	screen.tell('Starting the etcds and the controls …');
	const world = await openFleetWorld(stack, folder);
	const operator = createOperator(world);
	screen.step('3 etcds, 2 controls', startMs);
	await createMesh({ screen, operator, world });
	const meshMs = performance.now();
	screen.tell('Starting the hosts and the browser …');
	const [hosts, console] = await Promise.all([startFleetHosts(stack, world), openConsole(stack, world)]);
	screen.step('4 hosts, and a browser', meshMs);
	const load = await startFleetLoad(hosts);
	return { ...{ screen, world, operator, hosts, console, load }, etcds: [...world.etcds], rows: [] };
}

/** By both controls in turn: what one was told the other knows. */
async function createMesh(demo: Pick<FleetDemo, 'screen' | 'operator' | 'world'>): Promise<void> {
	const { operator, world } = demo;
	for (const [name, input] of Object.entries({ ...guideInputs, ...gatewayInputs })) operator.write(name, input);
	const more = [byFile('create-virtual-gateway', 'gateway.json'), byFile('create-gateway-route', 'gateway-route.json')];
	for (const [at, words] of [...guideCommands, ...more].entries())
		await runAws(demo, world.controls[at % 2 === 0 ? 0 : 1], words);
}
