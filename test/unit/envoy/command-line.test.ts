import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entrypointFor, envoyArguments, envoyGid, fingerprint } from '../../../src/envoy/command-line.ts';
import type { ProxySpec } from '../../../src/envoy/runtime.ts';
import { envoyOwners, envoyUser } from '../../../src/ruleset/answers.ts';
import { captureOf } from '../../support/capture.ts';
import { unasked } from '../../support/proxy-spec.ts';

test('Envoy is told its bootstrap and how much to log, shares no memory with another, and writes its log at once', () => {
	const settings = { command: 'envoy', logLevel: 'warning', drainSeconds: 20 };
	const args = envoyArguments(settings, { bootstrap: '/var/lib/turnout/envoy.json', variables: {} }).join(' ');
	assert.match(args, /--config-path \/var\/lib\/turnout\/envoy\.json/);
	assert.match(args, /--log-level warning/);
	assert.match(args, /--drain-time-s 20/);
	assert.match(args, /--disable-hot-restart/);
	const [, interval] = /--file-flush-interval-msec (\d+)/.exec(args) ?? [];
	assert.ok(Number(interval) <= 1_000);
	assert.doesNotMatch(args, /concurrency|deprecated/);
});

test('ENVOY_CONCURRENCY is the number of its threads, and deprecated settings are passed over where it is asked for', () => {
	const settings = { command: 'envoy', logLevel: 'info', drainSeconds: 20 };
	const argsOf = (variables: Readonly<Record<string, string>>) =>
		envoyArguments(settings, { bootstrap: '/envoy.json', variables }).join(' ');
	assert.match(argsOf({ ENVOY_CONCURRENCY: '3' }), /--concurrency 3/);
	for (const unlimited of ['0', '-1']) assert.equal(argsOf({ ENVOY_CONCURRENCY: unlimited }), argsOf({}));
	assert.match(argsOf({ ENVOY_SKIP_DEPRECATED_LOGS: '1' }), /--skip-deprecated-logs/);
	assert.equal(argsOf({ ENVOY_SKIP_DEPRECATED_LOGS: '0' }), argsOf({}));
});

test("Envoy runs as the first user and group that are ignored, or as the guide's user", () => {
	assert.equal(envoyUser(captureOf({ ignoreUids: '1337-1340,7' })), 1337);
	assert.equal(envoyGid([{ from: 4242, to: 4242 }]), 4242);
	assert.deepEqual([envoyUser(captureOf({ ignoreUids: '', ignoreGids: '7' })), envoyGid([])], [1337, undefined]);
});

test('a transparent Envoy in a container runs as root and is known by its group, as Docker gives capabilities to root only', () => {
	const docker = { 'envoy.runtime': 'docker', 'envoy.image': 'envoy', ignoreGids: '4242,7', ingressMode: 'tproxy' };
	assert.equal(envoyUser(captureOf(docker)), 0);
	assert.deepEqual(envoyOwners(captureOf(docker)), [{ kind: 'owner', id: 'gid', ranges: [{ from: 4242, to: 4242 }] }]);
	assert.equal(envoyUser(captureOf({ ...docker, ingressMode: 'redirect' })), 1337);
});

const programs: readonly (readonly [image: string, command: string, program: string])[] = [
	['840364872350.dkr.ecr.us-west-2.amazonaws.com/aws-appmesh-envoy:v1.15.1.0-prod', 'envoy', '/usr/bin/envoy'],
	['public.ecr.aws/appmesh/aws-appmesh-envoy@sha256:0123', 'envoy', '/usr/bin/envoy'],
	['aws-appmesh-envoy', 'envoy', '/usr/bin/envoy'],
	['envoyproxy/envoy:v1.40.0', 'envoy', '/usr/local/bin/envoy'],
	['docker.io/envoyproxy/envoy', 'envoy', '/usr/local/bin/envoy'],
	['mirror.example:5000/envoyproxy/envoy-distroless:v1.40.0', 'envoy', '/usr/local/bin/envoy'],
	['example/not-aws-appmesh-envoy:1', 'envoy', 'envoy'],
	['example/aws-appmesh-envoy-fork:1', 'envoy', 'envoy'],
	['notenvoyproxy/envoy:1', 'envoy', 'envoy'],
	['shop/proxy:1', 'envoy', 'envoy'],
	['envoyproxy/envoy:v1.40.0', '/opt/envoy', '/opt/envoy'],
	['aws-appmesh-envoy:1', '', ''],
];

for (const [image, command, program] of programs)
	test(`in ${image} the command "${command}" is ${program === '' ? "the image's own" : program}`, () => {
		assert.equal(entrypointFor(image, command), program);
	});

const spec: ProxySpec = {
	image: 'envoyproxy/envoy:v1.40.0',
	pull: 'missing',
	command: 'envoy',
	args: ['--log-level', 'info'],
	env: { AWS_REGION: 'us-west-2' },
	uid: 1337,
	gid: 1337,
	files: { '/etc/envoy.json': '{}' },
	...unasked,
};

const others: readonly (readonly [what: string, Partial<ProxySpec>])[] = [
	['another image', { image: 'envoyproxy/envoy:v1.41.0' }],
	['another program', { command: '/usr/local/bin/envoy' }],
	['another argument', { args: ['--log-level', 'debug'] }],
	['another variable', { env: { AWS_REGION: 'us-east-1' } }],
	['another user', { uid: 1338 }],
	['another group', { gid: 1338 }],
	['a file at another place', { files: { '/etc/other.json': '{}' } }],
	['another text in its file', { files: { '/etc/envoy.json': '{ }' } }],
	['another limit of memory', { memoryMegabytes: 512 }],
	['another limit of files', { openFiles: 65_536 }],
	['another log driver', { logDriver: 'json-file' }],
	['other options for it', { logOptions: { 'max-size': '10m' } }],
	['another port to read from', { adminPort: 9902 }],
];

for (const [what, part] of others)
	test(`${what} is another Envoy`, () => {
		assert.notEqual(fingerprint({ ...spec, ...part }, 'sha256:1'), fingerprint(spec, 'sha256:1'));
	});

test('an image that has changed under its name is another Envoy; when it is pulled makes no difference', () => {
	assert.notEqual(fingerprint(spec, 'sha256:2'), fingerprint(spec, 'sha256:1'));
	assert.equal(fingerprint({ ...spec, pull: 'always' }, 'sha256:1'), fingerprint(spec, 'sha256:1'));
	assert.equal(fingerprint(structuredClone(spec), 'sha256:1'), fingerprint(spec, 'sha256:1'));
});
