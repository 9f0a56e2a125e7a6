// What Envoys report of their load: sums, bounds, and what is forgotten.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guideFiles } from '../../../support/guide-mesh.ts';
import { loadReport } from '../../../support/load-report.ts';
import { serveFleet } from '../../../support/served-fleet.ts';

const A = 'mesh/simpleapp/virtualNode/serviceA';
const [B1, B2] = ['mesh/simpleapp/virtualNode/serviceB', 'mesh/simpleapp/virtualNode/serviceBv2'];
const [TO_B1, TO_B2] = ['cds_egress_simpleapp_serviceB_http_80', 'cds_egress_simpleapp_serviceBv2_http_80'];

function serve(admit: () => void = () => undefined) {
	const served = serveFleet();
	const { fleet } = served;
	return {
		...served,
		open() {
			const sent: Uint8Array[] = [];
			const stream = fleet.openReports({ address: '10.0.0.5', admit }, (bytes) => sent.push(bytes) > 0);
			return { ...stream, sent };
		},
		load: (node = A) => fleet.status().find((status) => status.node === node)?.load,
	};
}

test('the requests of all Envoys of a node are told per second, by the node they go to', async () => {
	const { open, load, clock } = serve();
	const [first, second] = [open(), open()];
	for (const { receive } of [first, second]) receive(loadReport(A));
	assert.deepEqual(first.sent.length, 1, 'it is asked for all clusters once');
	assert.equal(load(), undefined, 'nothing is known yet');
	first.receive(
		loadReport(A, { [TO_B1]: { issued: 30, succeeded: 20, failed: 5 }, [TO_B2]: {}, turnout_xds: { issued: 9 } }),
	);
	assert.deepEqual(load(), [
		{ node: B1, requests: 3, succeeded: 2, failed: 0.5 },
		{ node: B2, requests: 0, succeeded: 0, failed: 0 },
	]);
	second.receive(loadReport(undefined, { [TO_B1]: { issued: 10, succeeded: 10, seconds: 20 } }));
	assert.partialDeepStrictEqual(load(), [{ node: B1, requests: 3.5, succeeded: 2.5, failed: 0.5 }]);
	await clock.advance(10_000);
	first.receive(loadReport(A, { [TO_B1]: { issued: 1, succeeded: 1 } }));
	assert.deepEqual(load(), [{ node: B1, requests: 0.6, succeeded: 0.6, failed: 0 }], 'the last report of each counts');
	second.close();
	assert.deepEqual(load(), [{ node: B1, requests: 0.1, succeeded: 0.1, failed: 0 }]);
	first.close();
	assert.equal(load(), undefined, 'nobody reports, which is not 0');
});

test('one that does not report any more is not told of', async () => {
	const { open, load, clock } = serve();
	const { receive } = open();
	receive(loadReport(A, { [TO_B1]: { issued: 10 } }));
	await clock.advance(34_000);
	assert.equal(load()?.length, 1);
	await clock.advance(2_000);
	assert.equal(load(), undefined);
});

test('nothing is kept of clusters that the Envoy did not get, nor of an interval that is none', () => {
	const { open, load } = serve();
	const { receive } = open();
	const strangers = Array.from({ length: 1_000 }, (_, at) => [`cds_egress_simpleapp_x${at}_http_80`, { issued: 1 }]);
	receive(loadReport(A, { ...Object.fromEntries(strangers), [TO_B1]: { issued: 5, seconds: 0.5 } }));
	assert.deepEqual(load(), []);
});

test('of reports that come without a pause the first counts', async () => {
	const { open, load, clock } = serve();
	const { receive } = open();
	for (const issued of [10, 20, 30]) receive(loadReport(A, { [TO_B1]: { issued } }));
	assert.partialDeepStrictEqual(load(), [{ requests: 1 }]);
	await clock.advance(1_000);
	receive(loadReport(A, { [TO_B1]: { issued: 40 } }));
	assert.partialDeepStrictEqual(load(), [{ requests: 4 }]);
});

test('who may not be the node, or is none of the mesh, is refused as for its configuration', () => {
	const denied = serve(() => {
		throw new Error('denied');
	});
	const stream = denied.open();
	assert.throws(() => stream.receive(loadReport(A, { [TO_B1]: { issued: 10 } })), /denied/);
	assert.deepEqual([denied.fleet.status(), stream.sent], [[], []]);
	const { open, fleet } = serve();
	assert.throws(() => open().receive(loadReport(`${A}a`)), { remedy: `did you mean ${A}?` });
	assert.throws(() => open().receive(loadReport('envoy')), { message: /its node\.id "envoy" is of no mesh/ });
	assert.throws(() => open().receive(loadReport(undefined)), { message: /its node\.id "" is of no mesh/ });
	assert.throws(() => open().receive(Buffer.from('GET / HTTP/1.1')), { message: /no load report/ });
	assert.deepEqual(fleet.status(), []);
});

test('the definitions may change meanwhile', async () => {
	const { open, load, connect, save, clock } = serve();
	await connect(A);
	const { receive } = open();
	receive(loadReport(A, { [TO_B1]: { issued: 10 }, [TO_B2]: { issued: 10 } }));
	const files = guideFiles().map(({ path, text }) => ({
		path,
		text: text.replaceAll(/"port": ?80\b/g, '"port": 8081'),
	}));
	await save(files);
	await clock.advance(10_000);
	receive(loadReport(A, { [TO_B1]: { issued: 10 }, [TO_B1.replace('_80', '_8081')]: { issued: 20 } }));
	assert.deepEqual(load(), [{ node: B1, requests: 2, succeeded: 0, failed: 0 }]);
});
