import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Given } from '../../src/cli/arguments.ts';
import { mesh } from '../../src/commands/mesh.ts';
import { passThroughBootstrap } from '../../src/envoy/bootstrap.ts';
import { regexProblem } from '../../src/mesh/regex.ts';
import { parsePort } from '../../src/values/units.ts';
import { adsBootstrap } from '../../src/xds/ads-bootstrap.ts';
import { mergeBootstrap } from '../../src/xds/merge-bootstrap.ts';
import type { JsonObject } from '../../src/xds/snapshot.ts';
import { staticBootstrap } from '../../src/xds/static-bootstrap.ts';
import { someSds } from '../../src/xds/validation-bootstrap.ts';
import { createScratch, type Scratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { printedBy } from '../support/command-terminal.ts';
import { environments, partsOf } from '../support/envoy-variables.ts';
import { everyField, everyProxy } from '../support/every-field.ts';
import { guideResources } from '../support/guide-mesh.ts';
import { regexes } from '../support/regexes.ts';
import { rendered } from '../support/rendered.ts';

const identityOf = (id: string) => ({ id, cluster: id });
const isOfValidation = (name: string): boolean => name.startsWith('turnout-validate-');

/** Certificates that are of use to nobody; Envoy reads them while it validates. */
function writeCertificates(folder: string): void {
	for (const name of ['server', 'client', 'authority'])
		execFileSync(
			'openssl',
			[
				...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
				...['-subj', `/CN=${name}`, '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)],
			],
			{ stdio: 'pipe' },
		);
}

describe('Envoy', () => {
	let envoy = '';
	let scratch: Scratch | undefined;
	const folder = () => scratch?.path ?? '';
	before(async () => {
		envoy = await findEnvoy();
		scratch = createScratch('mesh-validate');
		writeCertificates(folder());
	});
	after(() => scratch?.[Symbol.dispose]());

	/** Ends without opening a socket. `mayWarn`: of what it says when it takes what is deprecated. */
	function problemOf(bootstrap: JsonObject, mayWarn = /^$/): string {
		const path = join(folder(), 'envoy.json');
		writeFileSync(path, JSON.stringify(bootstrap));
		const args = ['--mode', 'validate', '-c', path, '--use-dynamic-base-id', '-l', 'warning'];
		const { status, stderr } = spawnSync(envoy, args, { encoding: 'utf8' });
		assert.doesNotMatch(stderr.replace(mayWarn, ''), /deprecated/i);
		return status === 0 ? '' : stderr;
	}

	test('accepts the bootstrap for ADS', () => {
		const source = {
			...identityOf('mesh/m/virtualNode/n'),
			socketPath: '/run/xds.sock',
			initialFetchTimeout: '0s',
		};
		assert.equal(problemOf(adsBootstrap(source)), '');
	});

	// There is no other place for a tracer that works with all listeners.
	const tracing = /Deprecated field: .* 'envoy\.config\.bootstrap\.v3\.Bootstrap\.tracing'.*/;
	const ads = { ...identityOf('mesh/m/virtualNode/n'), socketPath: '/run/xds.sock', initialFetchTimeout: '5s' };
	for (const [title, environment] of Object.entries(environments))
		test(`accepts the bootstrap for ADS with ${title}`, () => {
			assert.equal(problemOf(mergeBootstrap(adsBootstrap(ads), partsOf(environment).parts), tracing), '');
		});

	test('accepts the bootstrap that passes everything on with them too', () => {
		const [ingressPort, egressPort] = [parsePort('15000'), parsePort('15001')];
		const base = passThroughBootstrap({
			ingressPort,
			egressPort,
			hasIpv6: true,
			capturesBridges: false,
			keepsClient: true,
		});
		const { parts } = partsOf(Object.assign({}, ...Object.values(environments).filter(({ gateway }) => !gateway)));
		assert.equal(problemOf(mergeBootstrap(base, parts), tracing), '');
	});

	for (const name of ['serviceA', 'serviceB'])
		test(`accepts ${name} of the guide`, () => {
			assert.equal(problemOf(staticBootstrap(rendered(guideResources(), name), identityOf(name))), '');
		});

	for (const [filter, options] of [
		['ALLOW_ALL', { hasIpv6: true, capturesBridges: true, keepsClient: true }],
		['DROP_ALL', {}],
	] as const)
		for (const id of everyProxy)
			test(`accepts ${id} of the mesh that has every field, ${filter} ${JSON.stringify(options)}`, () => {
				const snapshot = rendered(everyField(folder(), filter), id, {
					...options,
					hasSds: true,
					hasTracing: filter === 'DROP_ALL',
				});
				assert.equal(problemOf(mergeBootstrap(staticBootstrap(snapshot, identityOf(id)), someSds)), '');
			});

	describe('is asked by `turnout mesh check --envoy`', () => {
		const check = (resources: readonly object[], given: Given = {}) => {
			const path = join(folder(), 'checked.json');
			writeFileSync(path, JSON.stringify(resources, null, 1));
			return printedBy(mesh, ['check', path], { envoy: true, 'envoy-command': envoy, ...given });
		};

		test('of every node and gateway, and leaves nothing behind', async () => {
			const before = readdirSync(tmpdir()).filter(isOfValidation);
			const { code, printed } = await check(everyField(folder()));
			assert.match(printed, /; Envoy takes all 7 configurations\n$/);
			assert.equal(code, 0);
			assert.deepEqual(readdirSync(tmpdir()).filter(isOfValidation), before);
		});

		test("what it rejects is told with the node's name and its reason", async () => {
			const { code, printed } = await check(everyField('/nowhere'));
			assert.equal(code, 1);
			assert.match(printed, /^mesh\/every\/virtualNode\/client: Envoy rejects it: .*\/nowhere\/[\w.]+/m);
			assert.match(printed, /^mesh\/every\/virtualGateway\/door: Envoy rejects it: /m);
			const { ok, errors, envoy: told } = JSON.parse((await check(everyField('/nowhere'), { json: true })).printed);
			assert.deepEqual([ok, errors], [false, []]);
			assert.ok(told.some(({ problem }: { readonly problem: string }) => problem === ''));
		});

		test('files of access logs are not made', async () => {
			const path = join(folder(), 'access.log');
			const logging = { accessLog: { file: { path } } };
			const { code } = await check([{ meshName: 'm', virtualNodeName: 'n', spec: { logging } }]);
			assert.deepEqual([code, existsSync(path)], [0, false]);
		});

		test('where there is no such program, that is told', async () =>
			await assert.rejects(
				check(guideResources(), { 'envoy-command': 'no-such-envoy' }),
				/Cannot ask Envoy: there is no program "no-such-envoy"/,
			));
	});

	test('takes the regexes that we take, and none of those that we refuse', () => {
		const bootstrap = JSON.stringify(staticBootstrap(rendered(guideResources(), 'serviceA'), identityOf('regexes')));
		const first = '{"match":{"prefix":"/"}';
		assert.ok(bootstrap.includes(first));
		const problemWith = (texts: readonly string[]): string => {
			const headers = texts.map((regex) => ({ name: 'a', stringMatch: { safeRegex: { regex } } }));
			return problemOf(
				JSON.parse(bootstrap.replace(first, () => `{"match":${JSON.stringify({ prefix: '/', headers })}`)),
			);
		};
		const taken = regexes.filter((regex) => regexProblem(regex) === undefined);
		assert.equal(problemWith(taken), '');
		const refused = regexes.filter((regex) => !taken.includes(regex));
		assert.deepEqual(
			refused.filter((regex) => problemWith([regex]) === ''),
			[],
		);
	});
});
