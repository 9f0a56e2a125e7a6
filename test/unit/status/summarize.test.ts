import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { factsOf, type Observation, overallState } from '../../../src/status/summarize.ts';
import type { EnvoyStatus, Is } from '../../../src/status/types.ts';

const envoy: EnvoyStatus = { runtime: 'process', state: 'live', restarts: 0 };
const difference = { table: 'nat', kind: 'missing', line: '-A APPMESH_EGRESS' };
const route = { table: 'routing', kind: 'missing', line: 'rule 100: fwmark 0x1e7700ce lookup 100' };
const on: Observation = {
	wanted: 'enabled',
	envoy,
	envoyWhy: '',
	differences: [],
	isClean: false,
	predecessor: undefined,
	isLifted: false,
	isWaiting: false,
	dockerTrouble: '',
	ipv6BypassReason: '',
	routesLeftOut: undefined,
	driftProblem: undefined,
	stateTrouble: undefined,
	unconfirmed: [],
	revertWhy: '',
	findings: [],
};
const docker: EnvoyStatus = { ...envoy, runtime: 'docker', container: '0123456789ab', image: 'envoy:v1' };
const starting: Partial<Observation> = {
	isWaiting: true,
	envoy: { ...envoy, state: 'starting' },
	isClean: true,
	differences: [difference],
};

describe('the overall state', () => {
	const words: readonly (readonly [string, Partial<Observation>, Is])[] = [
		['everything is in the desired state', {}, 'enabled'],
		['a rule is missing', { differences: [difference] }, 'degraded'],
		['a route is missing', { differences: [route] }, 'degraded'],
		['no rule is installed but they should be', { isClean: true, differences: [difference] }, 'degraded'],
		['no rule is installed and none should be', { wanted: 'disabled', isClean: true }, 'disabled'],
		['one of our rules is left', { wanted: 'disabled' }, 'degraded'],
		['rules wait for Envoy', starting, 'waiting'],
		['the rules of a former daemon are complete while Envoy starts', { isWaiting: true }, 'enabled'],
		['a rule that went missing while Envoy is LIVE', { ...starting, isWaiting: false }, 'degraded'],
		['Docker is down and Envoy keeps running', { envoy: docker, dockerTrouble: 'nobody answers' }, 'enabled'],
		['rules are lifted while Envoy is down', { isLifted: true, isClean: true }, 'lifted'],
		['another program adds our rules while they are lifted', { isLifted: true, differences: [difference] }, 'degraded'],
		['Envoy failed and the rules stayed', { envoy: { ...envoy, state: 'failed' } }, 'enabled'],
	];
	for (const [title, part, is] of words)
		test(`${title}: ${is}`, () => assert.equal(overallState({ ...on, ...part }), is));
});

describe('each failed condition has a reason and a remedy', () => {
	const wrong: readonly (readonly [string, Partial<Observation>, subject: string, why: RegExp, remedy: RegExp])[] = [
		[
			'a rule is missing',
			{ differences: [difference] },
			'rules',
			/missing in nat: -A APPMESH_EGRESS/,
			/turnout diff.* turnout enable$/,
		],
		[
			'a rule is left',
			{ wanted: 'disabled', differences: [difference] },
			'rules',
			/from the desired state/,
			/turnout disable$/,
		],
		['a route is missing', { differences: [route] }, 'routes', /^missing: rule 100: fwmark/, /^turnout enable$/],
		['rules wait', starting, 'rules', /wait for Envoy to be LIVE/, /turnout wait/],
		[
			'rules are lifted',
			{ isLifted: true, isClean: true },
			'rules',
			/lifted while Envoy is down/,
			/^They are restored when Envoy is LIVE/,
		],
		[
			'Envoy failed and is tried again',
			{ envoy: { ...envoy, state: 'failed', retryMs: 500 }, envoyWhy: 'Envoy ended by SIGKILL' },
			'envoy',
			/^Envoy ended by SIGKILL$/,
			/^It is restarted after 500 ms; see turnout logs$/,
		],
		[
			'Envoy failed for good',
			{ envoy: { ...envoy, state: 'failed' }, envoyWhy: 'Envoy ended by SIGKILL' },
			'envoy',
			/^Envoy ended by SIGKILL$/,
			/^turnout logs, then restart turnout$/,
		],
		[
			'Envoy is LIVE and silent',
			{ envoyWhy: 'no answer' },
			'envoy',
			/^no answer$/,
			/^See turnout logs, .*envoy\.config/,
		],
		[
			'Envoy starts',
			{ envoy: { ...envoy, state: 'starting' }, envoyWhy: 'Envoy is starting' },
			'envoy',
			/^Envoy is starting$/,
			/^turnout wait$/,
		],
		[
			'Docker is down',
			{ envoy: docker, dockerTrouble: 'nobody answers at /var/run/docker.sock' },
			'docker',
			/^nobody answers at \/var\/run\/docker\.sock$/,
			/^Start Docker/,
		],
		[
			'an Envoy run by another program does not answer',
			{ envoy: { ...envoy, runtime: 'none', state: 'unmanaged' }, envoyWhy: 'nobody listens' },
			'envoy',
			/^nobody listens$/,
			/^Start Envoy/,
		],
		[
			'IPv6 goes past',
			{ ipv6BypassReason: 'ipv6 is 0' },
			'ipv6',
			/^IPv6 bypasses Envoy: ipv6 is 0$/,
			/APPMESH_ENABLE_IPV6/,
		],
		[
			'the disk is full',
			{ stateTrouble: { why: 'it is full', remedy: 'Free some' } },
			'state',
			/^it is full$/,
			/^Free some$/,
		],
	];
	for (const [title, part, subject, why, remedy] of wrong)
		test(title, () => {
			const [fact, ...others] = factsOf({ ...on, ...part }).filter(({ ok }) => !ok);
			assert.ok(fact?.ok === false);
			assert.equal(fact.subject, subject);
			assert.match(fact.why, why);
			assert.match(fact.remedy, remedy);
			assert.deepEqual(others, []);
		});

	test('on a healthy host every condition is ok', () => {
		assert.deepEqual(
			factsOf(on).map(({ subject, ok }) => [subject, ok]),
			['rules', 'routes', 'repairs', 'envoy', 'ipv6', 'state'].map((subject) => [subject, true]),
		);
	});

	test('the condition docker exists only with the docker runtime', () => {
		assert.deepEqual(factsOf({ ...on, envoy: docker }).at(-1), { subject: 'docker', ok: true });
		for (const runtime of ['process', 'none'] as const)
			assert.ok(factsOf({ ...on, envoy: { ...envoy, runtime } }).every(({ subject }) => subject !== 'docker'));
	});
});
