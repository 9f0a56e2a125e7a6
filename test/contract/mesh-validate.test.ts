import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { regexProblem } from '../../src/mesh/regex.ts';
import { adsBootstrap } from '../../src/xds/ads-bootstrap.ts';
import { mergeBootstrap } from '../../src/xds/merge-bootstrap.ts';
import type { JsonObject } from '../../src/xds/snapshot.ts';
import { staticBootstrap } from '../../src/xds/static-bootstrap.ts';
import { variableParts } from '../../src/xds/variable-parts.ts';
import { createScratch, type Scratch } from '../lab/net/scratch.ts';
import { findEnvoy } from '../lab/services/envoy.ts';
import { everyField, everyProxy } from '../support/every-field.ts';
import { guideResources } from '../support/guide-mesh.ts';
import { regexes } from '../support/regexes.ts';
import { rendered } from '../support/rendered.ts';

const identityOf = (id: string) => ({ id, cluster: id });
const withSds = variableParts({ APPMESH_SDS_SOCKET_PATH: '/run/turnout/sds.sock' });

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

	/** Ends without opening a socket. */
	function problemOf(bootstrap: JsonObject): string {
		const path = join(folder(), 'envoy.json');
		writeFileSync(path, JSON.stringify(bootstrap));
		const args = ['--mode', 'validate', '-c', path, '--use-dynamic-base-id', '-l', 'warning'];
		const { status, stderr } = spawnSync(envoy, args, { encoding: 'utf8' });
		assert.doesNotMatch(stderr, /deprecated/i);
		return status === 0 ? '' : stderr;
	}

	test('accepts the bootstrap for ADS', () => {
		const source = { ...identityOf('mesh/m/virtualNode/n'), adminPath: '/run/admin', socketPath: '/run/xds.sock' };
		assert.equal(problemOf(adsBootstrap(source)), '');
	});

	for (const name of ['serviceA', 'serviceB'])
		test(`accepts ${name} of the guide`, () => {
			assert.equal(problemOf(staticBootstrap(rendered(guideResources(), name), identityOf(name))), '');
		});

	for (const [filter, options] of [
		['ALLOW_ALL', { hasIpv6: true, capturesBridges: true }],
		['DROP_ALL', {}],
	] as const)
		for (const id of everyProxy)
			test(`accepts ${id} of the mesh that has every field, ${filter} ${JSON.stringify(options)}`, () => {
				const snapshot = rendered(everyField(folder(), filter), id, { ...options, hasSds: true });
				assert.equal(problemOf(mergeBootstrap(staticBootstrap(snapshot, identityOf(id)), withSds)), '');
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
