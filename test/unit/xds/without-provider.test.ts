import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, mesh, node, serviceOf } from '../../support/mesh-parts.ts';
import { rendered, select } from '../../support/rendered.ts';

const services = ['web.local', 'None.local', 'WEB.local', 'web.local:80', 'other', 'other:80', '*'];
const snapshot = (filter: 'ALLOW_ALL' | 'DROP_ALL') =>
	rendered(
		[
			mesh(filter),
			client(services),
			node('web', { port: 80 }),
			...services.map((name, at) => serviceOf(name, at === 0 ? 'web' : undefined)),
		],
		'client',
	);
const held = 'rds/rds_egress_http_80/virtualHosts/turnout_without_provider';

test('ALLOW_ALL: a service without a provider has a virtual host without routes, unless its name is that of another', () => {
	assert.deepEqual(select(snapshot('ALLOW_ALL'), held), {
		name: 'turnout_without_provider',
		domains: ['none.local', 'none.local:80', 'other', 'other:80', 'other:80:80'],
		routes: [],
	});
});

test('DROP_ALL: nothing but services with a provider is answered anyway', () =>
	assert.equal(select(snapshot('DROP_ALL'), held), undefined));
