import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeSnapshot } from '../../../src/xds/encoded.ts';
import { createHub } from '../../../src/xds/hub.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createFakeXdsClient, jsonCodec } from '../../support/fake-xds-client.ts';

const options = { codec: jsonCodec, clock: createFakeClock(), drainMs: 0 };

const snap = (cluster: string) =>
	encodeSnapshot(
		{
			cds: { [cluster]: { name: cluster } },
			eds: {},
			lds: { l: { name: 'l', routeConfigName: 'r' } },
			rds: { r: { name: 'r', cluster } },
		},
		jsonCodec,
	);

test('an Envoy of a former daemon keeps its clusters until its routes have changed', () => {
	const [a, b] = [snap('old'), snap('new')];
	const queue: (() => void)[] = [];
	const settle = () => {
		for (let n = queue.shift(); n; n = queue.shift()) n();
	};
	const first = createHub(options, () => undefined);
	first.update(a);
	let receive: ReturnType<typeof first.open>['receive'];
	const attach = (hub: typeof first) => {
		({ receive } = hub.open((bytes) => queue.push(() => client.receive(bytes)) > 0));
	};
	const client = createFakeXdsClient((bytes) => void queue.push(() => receive(jsonCodec.decodeRequest(bytes))));
	attach(first);
	client.connect();
	settle();
	assert.deepEqual(client.names('cds'), ['old']);
	client.missing.clear();
	const second = createHub({ ...options, accepted: a }, () => undefined);
	second.update(b);
	attach(second);
	client.connect(client.versions);
	settle();
	assert.deepEqual(client.names('cds'), ['new']);
	assert.deepEqual([...client.missing], []);
});
