// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
// What the commands about definitions know of this host: its settings, and what Envoy has accepted.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Given } from '../../../src/cli/arguments.ts';
import { explain } from '../../../src/commands/explain.ts';
import { hostOptions } from '../../../src/commands/host-options.ts';
import { mesh } from '../../../src/commands/mesh.ts';
import type { RenderOptions } from '../../../src/xds/render-options.ts';
import { printedBy } from '../../support/command-terminal.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { ports, rendered } from '../../support/rendered.ts';

const folder = mkdtempSync(join(tmpdir(), 'turnout-settings-'));
after(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
	writeFileSync(join(folder, name), text);
	return join(folder, name);
};
const state = join(folder, 'state');
mkdirSync(state);

const guide = (name: string, weights?: readonly [number, number]) =>
	write(name, JSON.stringify(guideResources(weights), null, 1));
const [own, edited] = [guide('own.json'), guide('edited.json', [50, 50])];

const settingsOf = (name: string, more: string) =>
	write(name, `stateDirectory: ${state}\negressPort: 15101\nmesh:\n  definitions: ${own}\n${more}`);
const named = settingsOf('named.yaml', '  node: mesh/simpleapp/virtualNode/serviceA\n');
const unnamed = settingsOf('unnamed.yaml', '  parameters: Domain=simpleapp.local\n');

const run = (words: string, given: Given) => printedBy(mesh, words.split(' '), given);

describe('the commands know the settings', () => {
	test('definitions, node and ports are those of the settings', async () => {
		const { printed } = await run('render', { config: named });
		assert.match(printed, /"id": "mesh\/simpleapp\/virtualNode\/serviceA"/);
		assert.match(printed, /"portValue": 15101/);
		assert.match((await run('show', { config: named })).printed, /^mesh simpleapp/);
		const asked = await printedBy(explain, ['http://serviceB.simpleapp.local/'], { config: named });
		assert.match(asked.printed, /listener +lds_egress_0\.0\.0\.0_15101/);
	});

	test('parameters too, unless the command line has others', async () => {
		const template = write('template.json', JSON.stringify({ meshName: '${Domain}', spec: {} }));
		assert.match((await run(`check ${template}`, { config: unnamed })).printed, /^No mistakes: simpleapp\.local,/);
		const given = { config: unnamed, parameters: 'Domain=other' };
		assert.match((await run(`check ${template}`, given)).printed, /^No mistakes: other,/);
	});

	test('without a node in the settings it is the one of which Envoy has accepted something', async () => {
		await assert.rejects(run('render', { config: unnamed }), /which node\? Name it by --node; the settings name none/);
		accept('serviceBv2');
		assert.match(
			(await run('render', { config: unnamed })).printed,
			/"id": "mesh\/simpleapp\/virtualNode\/serviceBv2"/,
		);
	});

	test('settings that cannot be read keep nobody from looking at definitions, and are told where they matter', async () => {
		process.env['TURNOUT_EGRES_PORT'] = '1';
		try {
			assert.match((await run(`check ${own}`, {})).printed, /^No mistakes/m);
			const template = write('open.json', JSON.stringify({ meshName: '${Domain}', spec: {} }));
			const { printed, code } = await run(`check ${template}`, {});
			assert.equal(code, 1);
			assert.match(printed, /^note: the settings were not read, so that the defaults count: .*TURNOUT_EGRES_PORT/);
			assert.match(printed, /the template \$\{Domain\} has no value/);
			await assert.rejects(
				run(`render ${own}`, {}),
				/which node\? .*the settings were not read: .*TURNOUT_EGRES_PORT/s,
			);
		} finally {
			delete process.env['TURNOUT_EGRES_PORT'];
		}
	});

	test('settings that are named must be good', async () => {
		await assert.rejects(run(`check ${own}`, { config: join(folder, 'none.yaml') }), /Cannot read the settings file/);
	});
});

const bridges = {
	config: { ...ports, egressPort: 15_101, bridges: [] },
	passThrough: { env: {} },
} as unknown as Parameters<typeof hostOptions>[0];

/** What the daemon writes down once Envoy has accepted it. */
function accept(node: string, more: Partial<RenderOptions> = {}): void {
	const snapshot = rendered(guideResources(), node, { ...hostOptions(bridges), ...more });
	writeFileSync(join(state, 'snapshot.json'), JSON.stringify({ node: `mesh/simpleapp/virtualNode/${node}`, snapshot }));
}

describe('mesh diff', () => {
	test('what is edited is compared with what Envoy has: 2 where something differs, 0 where nothing does', async () => {
		accept('serviceA');
		const same = await run('diff', { config: named });
		assert.deepEqual(same, {
			...{ code: 0, printed: 'mesh/simpleapp/virtualNode/serviceA: no differences to what Envoy accepted last\n' },
		});
		const other = await run(`diff ${edited}`, { config: named });
		assert.equal(other.code, 2);
		assert.equal(
			other.printed,
			'mesh/simpleapp/virtualNode/serviceA: 1 difference to what Envoy accepted last\n' +
				'~ serviceB.simpleapp.local:80, route serviceB-route: weights serviceB:80 90 → 50, serviceBv2:80 10 → 50\n',
		);
	});

	test('what only the variables of the daemon say does not show as a difference', async () => {
		accept('serviceA', { egressPort: 15_201, hasTracing: true, capturesBridges: true });
		assert.equal((await run('diff', { config: named })).code, 0);
		accept('serviceA');
	});

	test('nor does what stands in the bootstrap of its Envoy alone', async () => {
		const sds = { sds: { secretName: 'door' } };
		const tls = { mode: 'STRICT', certificate: sds, validation: { trust: sds } };
		const spec = { listeners: [{ portMapping: { port: 80, protocol: 'http' }, tls }] };
		const secured = write('secured.json', JSON.stringify([{ meshName: 'simpleapp', virtualNodeName: 'door', spec }]));
		const given = { config: named, node: 'door', against: secured };
		await assert.rejects(run(`diff ${secured}`, given), /certificates come from SDS/);
		const bootstrap = join(state, 'envoy-0123456789abcdef.json');
		writeFileSync(bootstrap, '{"name": "static_cluster_sds_unix_socket"}');
		assert.equal((await run(`diff ${secured}`, given)).code, 0);
		rmSync(bootstrap);
	});

	test('as JSON: the resource, the place in it, and both values', async () => {
		const { code, printed } = await run(`diff ${edited}`, { config: named, against: own, json: true });
		assert.equal(code, 2);
		const { same, against, differences } = JSON.parse(printed);
		assert.deepEqual([same, against, differences.length], [false, own, 1]);
		const [{ resource, path, change }] = differences;
		assert.deepEqual([change, resource], ['changed', 'rds_egress_http_80']);
		assert.deepEqual(path.slice(2), ['routes', 'serviceB-route', 'route', 'weightedClusters']);
	});

	test('where Envoy has nothing of the node, with the definitions of the settings', async () => {
		const { printed } = await run(`diff ${edited}`, { config: named, node: 'serviceBv2' });
		assert.equal(printed, `mesh/simpleapp/virtualNode/serviceBv2: no differences to ${own}\n`);
	});

	test('with nothing to compare with it fails, and says with what it can', async () => {
		const given = { config: named, node: 'serviceB' };
		await assert.rejects(
			run('diff', given),
			/Cannot compare: in .* is nothing, .*mesh\/simpleapp\/virtualNode\/serviceB/,
		);
	});

	test('mistakes are told, and compare to nothing', async () => {
		const broken = write('broken.json', '{"meshName": "simpleapp", "virtualNodeName": "serviceA", "spec": {"x": 1}}');
		await assert.rejects(run(`diff ${broken}`, { config: named }), /Cannot compare: .*broken\.json:1: .*x/);
		await assert.rejects(run(`diff ${own}`, { config: named, against: broken }), /Cannot compare: .*broken\.json:1/);
	});
});
