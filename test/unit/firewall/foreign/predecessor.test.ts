import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proposalText, proposedSettings } from '../../../../src/commands/takeover/proposal.ts';
import { unlike } from '../../../../src/commands/takeover/unlike.ts';
import type { RuleText } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { type Predecessor, readPredecessor } from '../../../../src/firewall/foreign/predecessor.ts';

const EGRESS = [
	'-A APPMESH_EGRESS -m owner --uid-owner 1337 -j RETURN',
	'-A APPMESH_EGRESS -p tcp -m multiport --dports 22 -j RETURN',
	'-A APPMESH_EGRESS -d 169.254.169.254/32 -p tcp -j RETURN',
	'-A APPMESH_EGRESS -d 169.254.170.2/32 -p tcp -j RETURN',
	'-A APPMESH_EGRESS -p tcp -j REDIRECT --to-ports 15001',
];
const INGRESS = ['-A APPMESH_INGRESS -p tcp -m multiport --dports 8080,9000:9100 -j REDIRECT --to-ports 15000'];
const saved = (rules: readonly string[], family: 'ipv4' | 'ipv6' = 'ipv4'): RuleText => ({
	...{ kind: 'saved', dialect: 'iptables-nft', family },
	text: ['*nat', ':APPMESH_EGRESS - [0:0]', ':APPMESH_INGRESS - [0:0]', ...rules, 'COMMIT', ''].join('\n'),
});
function read(...texts: RuleText[]): Predecessor {
	const found = readPredecessor(texts);
	assert.ok(found !== undefined);
	return found;
}

describe('the settings of the 2019 script are read from its rules', () => {
	test('users, ports and addresses', () => {
		const found = read(saved([...EGRESS, ...INGRESS]));
		assert.deepEqual(found, {
			...{ dialect: 'iptables-nft', families: ['ip'], uids: ['1337'], gids: [] },
			...{ appPorts: ['8080', '9000-9100'], ingressPort: '15000', egressPort: '15001' },
			...{ ignoredIps: ['169.254.169.254', '169.254.170.2'], ignoredPorts: ['22'], unread: [] },
		});
		assert.deepEqual(
			[...proposedSettings(found)],
			[
				['appPorts', '8080,9000-9100'],
				['ingressPort', '15000'],
				['egressPort', '15001'],
				['ignoreUids', '1337'],
				['egressIgnoredPorts', '22'],
			],
		);
	});

	test('rules that were doubled by a second `enable` say the same once', () => {
		const once = read(saved([...EGRESS, ...INGRESS]));
		assert.deepEqual(read(saved([...EGRESS, ...INGRESS, ...EGRESS, ...INGRESS])), once);
	});

	test("the App Mesh CNI plugin's: a group, outbound only, both families", () => {
		const [, ...rest] = EGRESS;
		const gid = '-A APPMESH_EGRESS -m owner --gid-owner 2000 -j RETURN';
		const v6 = ['-A APPMESH_EGRESS -d fd00:ec2::254/128 -p tcp -j RETURN', EGRESS.at(-1) ?? ''];
		const found = read(saved([gid, ...rest]), saved(v6, 'ipv6'));
		assert.deepEqual(found.families, ['ip', 'ip6']);
		assert.deepEqual(Object.fromEntries(proposedSettings(found)), {
			...{ egressPort: '15001', ignoreUids: '""', ignoreGids: '2000', egressIgnoredPorts: '22' },
			egressIgnoredIps: '169.254.169.254,169.254.170.2,fd00:ec2::254',
		});
		assert.doesNotMatch(proposalText('it', found, []), /ipv6: 0/);
	});

	test('an empty list of ignored addresses stays empty, and a redirect of all ports is *', () => {
		const all = '-A APPMESH_INGRESS -p tcp -j REDIRECT --to-ports 15000';
		const settings = proposedSettings(read(saved([EGRESS.at(-1) ?? '', all])));
		assert.equal(settings.get('egressIgnoredIps'), '""');
		assert.equal(settings.get('appPorts'), '"*"');
	});

	for (const rule of [
		'-A APPMESH_EGRESS -s 10.0.0.1/32 -p tcp -j RETURN',
		'-A APPMESH_EGRESS ! -d 10.0.0.1/32 -p tcp -j RETURN',
		'-A APPMESH_EGRESS -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j RETURN',
		'-A APPMESH_EGRESS -d 10.0.0.1/32 -p tcp -j REDIRECT --to-ports 16001',
		'-A APPMESH_EGRESS -p tcp -j LOG',
	])
		test(`what no setting says is told: ${rule}`, () => {
			const found = read(saved([rule, ...EGRESS, ...INGRESS]));
			assert.deepEqual(found.unread, [rule]);
			assert.ok(proposalText('it', found, []).includes(`turnout would drop it: ${rule}\n`));
		});

	test('our own rules, and chains without any, are nobody to take over from', () => {
		const ours = EGRESS.map((rule) => rule.replace(' -j', ' -m comment --comment "turnout: a reason" -j'));
		assert.equal(readPredecessor([saved(ours), saved([], 'ipv6')]), undefined);
	});
});

describe("settings are compared with the script's rules", () => {
	const rules = read(saved([...EGRESS, ...INGRESS]));
	const proposed = new Map([...proposedSettings(rules), ['egressIgnoredIps', '169.254.0.0/16']]);
	const against = (change: Readonly<Record<string, string>>) =>
		unlike(rules, new Map([...proposed, ...Object.entries(change)]));

	test('those that are proposed, and wider ones, are alike', () => {
		assert.deepEqual(against({}), []);
		assert.deepEqual(against({ appPorts: '*', ignoreUids: '1000-2000', egressIgnoredPorts: '' }), []);
		assert.deepEqual(against({ appPorts: '8080-9200', ignoreUids: 'envoy' }), []);
	});

	test('where the ports are those of a mesh node, they are not compared', () => {
		assert.deepEqual(against({ appPorts: '', 'mesh.node': 'mesh/shop/virtualNode/web' }), []);
		assert.match(against({ appPorts: '', 'mesh.node': '' }).join(), /^appPorts lacks 8080, 9000-9100,/);
	});

	test('a network is left alone only where all of it is', () => {
		const network = read(saved(['-A APPMESH_EGRESS -d 10.9.0.0/16 -p tcp -j RETURN', ...EGRESS]));
		const lacking = (value: string) => unlike(network, new Map([...proposed, ['egressIgnoredIps', value]]));
		assert.deepEqual(lacking('10.0.0.0/8,169.254.0.0/16'), []);
		assert.deepEqual(lacking('10.9.0.0/24,169.254.0.0/16'), [
			'egressIgnoredIps lacks 10.9.0.0/16, which they leave alone',
		]);
	});

	for (const [change, told] of [
		[{ appPorts: '8080' }, 'appPorts lacks 9000-9100, which they send to Envoy'],
		[{ ignoreUids: '1000' }, 'ignoreUids lacks 1337, which they leave alone'],
		[{ egressIgnoredIps: '169.254.169.254' }, 'egressIgnoredIps lacks 169.254.170.2, which they leave alone'],
	] as const)
		test(`${JSON.stringify(change)}: ${told}`, () => assert.deepEqual(against(change), [told]));
});
