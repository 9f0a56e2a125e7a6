import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUnit, parseUnits } from '../../../src/values/unit-name.ts';

test('a unit is a service, a slice or a scope by its name, or a cgroup by its path', () => {
	const all = [
		...[
			'docker.service',
			'user.slice',
			'session-4.scope',
			'getty@tty1.service',
			'system-a\\x2db.slice',
			'a:b_c.service',
		],
		...['/system.slice', '/system.slice/docker.service', '/docker/0123abcd', '/kubepods.slice/cri-containerd:a'],
	];
	assert.deepEqual(parseUnits(all.join(' , ')), all);
	assert.ok(all.every(isUnit));
	assert.deepEqual(parseUnits('docker.service,docker.service'), ['docker.service']);
	assert.deepEqual(parseUnits(' '), []);
});

// biome-ignore format: a table
const refused: readonly (readonly [string, RegExp])[] = [
	['docker', /^"docker" is neither a service, a slice or a scope, nor the path of a cgroup$/],
	['docker.socket', /neither a service/],
	['system.slice/docker.service', /neither a service/],
	['../docker.service', /neither a service/],
	['.service', /neither a service/],
	['docker .service', /neither a service/],
	['a\0.service', /"a\\u0000\.service" is neither/],
	['a\nb.service', /"a\\nb\.service" is neither/],
	['"; flush ruleset; ".service', /neither a service/],
	[`${'a'.repeat(248)}.service`, /neither a service/],
	['-.slice', /has every process of the host/],
	['getty@.service', /is a template, of which only instances run/],
	['/', /is not the path of a cgroup/],
	['/system.slice/', /is not the path of a cgroup/],
	['/system.slice//a', /is not the path of a cgroup/],
	['/system.slice/../user.slice', /is not the path of a cgroup/],
	['/./a', /is not the path of a cgroup/],
	['/a b', /is not the path of a cgroup/],
	['/a"b', /is not the path of a cgroup/],
	['/a\nb', /is not the path of a cgroup/],
	['/a\0', /is not the path of a cgroup/],
	[`/${'a'.repeat(256)}`, /is not the path of a cgroup/],
	[`/${'a'.repeat(250)}/${'b'.repeat(250)}/${'c'.repeat(20)}`, /is longer than 511 characters/],
];

test('whatever cannot be a unit or a cgroup is refused, with the reason', () => {
	for (const [text, why] of refused) {
		assert.throws(() => parseUnits(text), { message: why }, JSON.stringify(text));
		assert.equal(isUnit(text), false);
	}
});

test('a list is not one unit', () => assert.equal(isUnit('a.service,b.service'), false));
