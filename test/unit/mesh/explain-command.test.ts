import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Given } from '../../../src/cli/arguments.ts';
import { explain } from '../../../src/commands/explain.ts';
import { printedBy } from '../../support/command-terminal.ts';
import { matchesGolden } from '../../support/golden.ts';
import { client, gateway, gatewayRoute, mesh, node, only, service, serviceOf, to } from '../../support/mesh-parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'turnout-explain-'));
after(() => rmSync(folder, { recursive: true }));

const routes = {
	beta: {
		httpRoute: { match: { prefix: '/', headers: [{ name: 'x-beta', match: { exact: 'yes' } }] }, action: only('b') },
	},
	metrics: { httpRoute: { match: { prefix: '/metrics' }, action: only('b') } },
	rest: { httpRoute: { match: { prefix: '/' }, action: to({ a: 90, b: 10 }) } },
	urgent: { httpRoute: { match: { prefix: '/', method: 'POST' as const }, action: only('a') }, priority: 0 },
};
const tcp = { port: 5_432, protocol: 'tcp', routes: { only: { tcpRoute: { action: only('one') } } } } as const;
const definitions = (filter: 'ALLOW_ALL' | 'DROP_ALL'): readonly object[] => [
	mesh(filter),
	client(['api.lab.local', 'calls.lab.local', 'one.lab.local', 'two.lab.local', 'none.lab.local']),
	...['a', 'b'].map((name) => node(name, { port: 8_080, hostname: `${name}.lab.local` })),
	...service('api.lab.local', { routes }),
	node('calls', { port: 9_000, protocol: 'grpc', hostname: 'calls-1.lab.local' }),
	...service('calls.lab.local', {
		...{ port: 9_001, protocol: 'grpc' },
		routes: { all: { grpcRoute: { match: { serviceName: 'a.B' }, action: only('calls') } } },
	}),
	node('one', { port: 5_433, protocol: 'tcp', hostname: '10.0.0.1' }),
	...service('one.lab.local', tcp),
	...service('two.lab.local', { ...tcp, routes: { only: { tcpRoute: { action: only('two') } } } }),
	node('two', { port: 5_434, protocol: 'tcp', hostname: 'two.lab.local' }),
	serviceOf('none.lab.local'),
	gateway('door', { listeners: [{ portMapping: { port: 8_088, protocol: 'http' } }] }),
	gatewayRoute('door', 'api', {
		httpRoute: {
			match: { prefix: '/api' },
			action: { target: { virtualService: { virtualServiceName: 'api.lab.local' } } },
		},
	}),
];

const write = (filter: 'ALLOW_ALL' | 'DROP_ALL'): string => {
	const path = join(folder, `${filter}.json`);
	writeFileSync(path, JSON.stringify(definitions(filter)));
	return path;
};
const [closed, open] = [write('DROP_ALL'), write('ALLOW_ALL')];

const ask = (question: string, given: Given = {}, path = closed) =>
	printedBy(explain, [...question.split(' '), path], { node: 'client', ...given });

const door = { node: 'mesh/lab/virtualGateway/door' };
const questions: readonly (readonly [question: string, given?: Given, path?: string])[] = [
	['GET http://api.lab.local/metrics/cpu'],
	['http://api.lab.local/?x=1', { method: 'post' }],
	['GET http://api.lab.local/', { header: ['X-Beta=no', 'x-beta: yes'] }],
	['GET http://10.0.0.9/', { header: ['host=API.lab.local:80'] }],
	['GET http://none.lab.local/', {}, open],
	['GET http://elsewhere.example/', {}, open],
	['GET http://elsewhere.example/'],
	['GET http://elsewhere.example:8080/'],
	['GET https://api.lab.local:80/'],
	['https://sqs.eu-west-1.amazonaws.com/'],
	['https://elsewhere.example/', {}, open],
	['grpc http://calls.lab.local:9001/a.B/C'],
	['GET http://calls.lab.local:9001/a.B/C'],
	['tcp 10.0.0.1:5432'],
	['tcp [2001:db8::1]:5432'],
	['tcp one.lab.local:5432'],
	['tcp 10.0.0.1:80'],
	['GET http://door.example:8088/api/metrics', door],
	['GET http://door.example:8088/other', door],
	['GET http://door.example:8089/', door],
];

describe('explain', () => {
	test('each kind of answer', async () => {
		const answers = await Promise.all(questions.map(async (each) => (await ask(...each)).printed));
		matchesGolden(answers.join('\n'), join(import.meta.dirname, 'golden/explain.txt'));
	});

	test('as JSON it has the same, with names and weights apart', async () => {
		const { printed, code } = await ask('GET http://api.lab.local/', { json: true });
		assert.equal(code, 0);
		const { outcome, service, router, targets, routes: judged } = JSON.parse(printed);
		assert.deepEqual(outcome, { kind: 'sent', why: '' });
		assert.deepEqual([service, router], ['api.lab.local', 'api-lab-local']);
		assert.deepEqual(targets[1], {
			...{ node: 'b', protocol: 'http', port: 8_080, host: 'b.lab.local', weight: 10 },
			cluster: 'cds_egress_lab_b_http_8080',
		});
		assert.deepEqual(
			judged.map(({ name, verdict }: { readonly name: string; readonly verdict: string }) => [name, verdict]),
			[
				['urgent', 'unmet'],
				['metrics', 'unmet'],
				['beta', 'unmet'],
				['rest', 'taken'],
			],
		);
	});

	test('what is no question, no header and no node of the mesh is told so', async () => {
		const wrong: readonly (readonly [question: string, given: Given, why: RegExp])[] = [
			['ftp://x/', {}, /explain takes \[METHOD\] http:/],
			['GET http://:80/', {}, /explain takes/],
			['GET http://x:99999/', {}, /explain takes/],
			['tcp 10.0.0.1', {}, /explain takes/],
			['GET http://x/ y', {}, /unexpected argument/],
			['http://x/', { header: ['novalue'] }, /--header takes NAME=VALUE, not "novalue"/],
			['http://x/', { node: 'nobody' }, /Cannot explain virtual node "nobody"/],
		];
		for (const [question, given, why] of wrong) await assert.rejects(ask(question, given), why);
	});

	test('a name in a question cannot write a line of its own', async () => {
		const path = 'http://api.lab.local/\u001b[2J';
		const { printed } = await ask(path);
		assert.ok(!printed.includes('\u001b'));
	});
});
