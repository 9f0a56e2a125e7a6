import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extensionsOf, lackingIn } from '../../../src/host/iptables/extensions.ts';

const owner = '-A APPMESH_EGRESS -p tcp -m owner --uid-owner 1337 -m comment --comment "turnout: -j nobody" -j RETURN';
const hook =
	'-I OUTPUT 1 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS';
const namesOf = (said: string, line: string, has: (module: string) => boolean = () => true) =>
	lackingIn(said, line, has)?.map(({ name, module }) => `${name} ${module}`);

test('a rule needs its matches and its target, and of the kernel itself nothing', () => {
	assert.deepEqual(
		extensionsOf(hook).map(({ option }) => option),
		['CONFIG_NETFILTER_XTABLES', 'CONFIG_NETFILTER_XT_MATCH_ADDRTYPE'],
	);
	assert.deepEqual(
		extensionsOf('-A X -p tcp -j REDIRECT --to-ports 15001').map(({ module }) => module),
		['xt_REDIRECT'],
	);
});

test('what iptables says it lacks is that, whatever else the rule has', () => {
	const warned =
		'Warning: Extension owner revision 0 not supported, missing kernel module? line 9: RULE_APPEND failed (No such file or directory): rule in chain APPMESH_EGRESS';
	assert.deepEqual(namesOf(warned, owner), ['match owner xt_owner']);
	assert.deepEqual(namesOf("Couldn't load match `owner':No such file or directory", ''), ['match owner xt_owner']);
	assert.deepEqual(namesOf("Couldn't load target `REDIRECT':No such file or directory", ''), [
		'target REDIRECT xt_REDIRECT',
	]);
});

test('where nothing says which it is, it is one of those whose module is not installed, or any', () => {
	const said = 'line 9: RULE_INSERT failed (No such file or directory): rule in chain OUTPUT';
	assert.deepEqual(
		namesOf(said, hook, (module) => module !== 'xt_addrtype'),
		['match addrtype xt_addrtype'],
	);
	assert.deepEqual(namesOf(said, hook), ['match tcp xt_tcpudp', 'match addrtype xt_addrtype']);
});

test('what was refused for another reason lacks nothing', () => {
	assert.equal(namesOf('line 9: RULE_APPEND failed (Resource busy): rule in chain OUTPUT', hook), undefined);
	assert.equal(namesOf('line 3: CHAIN_DEL failed (No such file or directory): chain X', ''), undefined);
});

test('a module is named as the kernel names it, whatever iptables calls the match or target in it', () => {
	const line = '-A X -p tcp -m set --match-set a dst -m connmark --mark 0x1 -j DNAT --to-destination :1-65535';
	assert.deepEqual(
		extensionsOf(line).map(({ name, module, option }) => `${name}: ${module}, ${option}`),
		[
			'match set: xt_set, CONFIG_NETFILTER_XT_SET',
			'match connmark: xt_connmark, CONFIG_NETFILTER_XT_CONNMARK',
			'target DNAT: xt_nat, CONFIG_NETFILTER_XT_NAT',
		],
	);
	assert.deepEqual(
		['MARK', 'CONNMARK'].flatMap((target) => extensionsOf(`-A X -j ${target}`)).map(({ module }) => module),
		['xt_mark', 'xt_connmark'],
	);
});
