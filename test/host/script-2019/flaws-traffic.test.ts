// The 2019 script's flaws in who is answered by whom, with real connections. Each test fails when its flaw comes back.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { callAll, nameOf } from '../../support/calls.ts';
import { converseWell, type Variables } from '../../support/converse.ts';
import { type Answerer, type Call, overBothFamilies, type Place, places, type Who } from '../../support/rows.ts';
import { run } from '../../support/run.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const { remote, ignoredAddress: otherRemote, metadata, credentials, host: ownAddress } = places;

/** All that INTERCEPTION names, by default, and EC2's name server beside them. */
const endpoints: readonly Place[] = [
	metadata,
	credentials,
	{ name: 'the resolver', v4: '169.254.169.253', v6: 'fd00:ec2::253' },
	{ name: 'the time service', v4: '169.254.169.123', v6: 'fd00:ec2::123' },
	{ name: 'the pod identity service', v4: '169.254.170.23', v6: 'fd00:ec2::23' },
];
const worldAddresses = endpoints.slice(2).flatMap(({ v4, v6 }) => [`${v4}/32`, `${v6}/128`]);

describe("the script's flaws in who is captured", async () => {
	const stack = suiteStack();
	const lab = stack.use(createHost({ worldAddresses }));
	const peers = stack.use(await createPeers(lab));
	afterEach(() => void run(lab.host, ['clean']));
	const enable = (more: Variables = {}) => converseWell(lab.host, ['enable'], more);
	const answers = async (...calls: readonly Call[][]) => {
		for (const { call, answer } of await callAll(peers, calls.flat()))
			assert.equal(nameOf(answer), call.expected, call.title);
	};

	test('flaw 8: more than fifteen ports are accepted, and each of them counts', async () => {
		const many = Array.from({ length: 20 }, (_, at) => 20_000 + 2 * at).join();
		enable({ APPMESH_APP_PORTS: `${many},8080`, APPMESH_EGRESS_IGNORED_PORTS: `80,${many},9090` });
		await answers(
			calls('world', ownAddress, [8080, 20_000, 20_038], 'ingress listener'),
			calls('app', remote, [22, 80, 9090], 'remote'),
			calls('app', remote, [443], 'egress listener'),
		);
	});

	test('flaw 9: a stray space in a list does no harm', async () => {
		enable({ APPMESH_APP_PORTS: ' 8080 , 8081', APPMESH_EGRESS_IGNORED_IP: '169.254.169.254, 203.0.113.11 ' });
		await answers(
			calls('world', ownAddress, [8080, 8081], 'ingress listener'),
			v4(calls('app', otherRemote, [443], 'remote')),
			calls('app', remote, [443], 'egress listener'),
		);
	});

	test('flaw 10: an IPv6 address may be ignored', async () => {
		enable({ APPMESH_EGRESS_IGNORED_IP: '169.254.169.254,2001:db8::11' });
		await answers(
			v6(calls('app', otherRemote, [443], 'remote')),
			v4(calls('app', otherRemote, [443], 'egress listener')),
			calls('app', remote, [443], 'egress listener'),
		);
	});

	test('flaw 11: IPv6 is captured in both directions', async () => {
		enable();
		await answers(
			v6(calls('app', remote, [443], 'egress listener')),
			v6(calls('world', ownAddress, [8080], 'ingress listener')),
		);
	});

	test('flaw 12: an empty list of ignored addresses does not send the metadata service to Envoy', async () => {
		enable({ APPMESH_EGRESS_IGNORED_IP: '' });
		await answers(calls('app', metadata, [80], 'remote'), calls('app', credentials, [80], 'remote'));
	});

	test('flaw 13: every service of the host that a proxy would break is ignored by default', async () => {
		run(lab.host, ['init', '--app-ports', '8080']);
		await answers(...endpoints.map((place) => calls('root', place, [80], 'remote')));
	});

	test("flaw 14: root's own agents are captured or not, as one chooses", async () => {
		run(lab.host, ['init', '--ignore-uids', '1337,root']);
		await answers(calls('root', remote, [443], 'remote'), calls('app', remote, [443], 'egress listener'));
		run(lab.host, ['init']);
		await answers(calls('root', remote, [443], 'egress listener'));
	});

	test('flaw 15: a container that calls a remote on an app port reaches that remote', async () => {
		enable();
		await answers(calls('container', remote, [8080], 'remote'));
	});

	test('flaw 24: nobody dials the listeners of Envoy from outside', async () => {
		enable();
		await answers(calls('world', ownAddress, [15_000, 15_001], 'nobody'));
	});

	// The last of them, as Docker's rules stay.
	test('flaw 16: a port that Docker publishes enters through Envoy', async () => {
		installDockerRules(lab.host, 'nft');
		enable();
		await answers(calls('world', ownAddress, [8080], 'ingress listener'));
	});
});

const calls = (who: Who, to: Place, ports: readonly number[], expected: Answerer): Call[] =>
	ports.flatMap((port) => overBothFamilies({ who, to, port }, expected));
const v4 = (list: readonly Call[]): Call[] => list.filter(({ address }) => !address.includes(':'));
const v6 = (list: readonly Call[]): Call[] => list.filter(({ address }) => address.includes(':'));
