import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNamesakes } from '../../../../src/firewall/iptables/namesakes.ts';

const gateway = [
	...['*mangle', ':PREROUTING ACCEPT [0:0]', ':APPMESH_LOCAL - [0:0]', '-A PREROUTING -j DOCKER', 'COMMIT'],
	...['*nat', ':OUTPUT ACCEPT [0:0]', ':DOCKER - [0:0]', ':APPMESH_LOCAL - [0:0]'],
	'[5:300] -A OUTPUT -p tcp -j APPMESH_LOCAL',
	'[0:0] -A OUTPUT -m comment --comment "not -j APPMESH_LOCAL" -j DOCKER',
	'[0:0] -A APPMESH_LOCAL -p tcp -j REDIRECT --to-ports 15002',
	'[0:0] -A DOCKER -g APPMESH_LOCAL',
	'COMMIT',
];

test("another route manager's chain is told with its table and the commands that remove it: first what leads to it", () => {
	assert.deepEqual(parseNamesakes(gateway.join('\n')), [
		{
			...{ table: 'mangle', chain: 'APPMESH_LOCAL' },
			removal: ['-t mangle -F APPMESH_LOCAL', '-t mangle -X APPMESH_LOCAL'],
		},
		{
			...{ table: 'nat', chain: 'APPMESH_LOCAL' },
			removal: [
				'-t nat -D OUTPUT -p tcp -j APPMESH_LOCAL',
				'-t nat -D DOCKER -g APPMESH_LOCAL',
				'-t nat -F APPMESH_LOCAL',
				'-t nat -X APPMESH_LOCAL',
			],
		},
	]);
});

test('chains whose names are not like ours are not told', () => {
	assert.deepEqual(parseNamesakes('*nat\n:DOCKER - [0:0]\n-A OUTPUT -j DOCKER\nCOMMIT\n'), []);
});
