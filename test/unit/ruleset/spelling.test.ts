import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalRule } from '../../../src/firewall/iptables/save-line.ts';

const ours = '-p tcp -m multiport --dports 22 -m comment --comment "turnout: these ports are ignored" -j RETURN';

/** The same rule as two versions of iptables print it. */
const same: Readonly<Record<string, readonly [string, string]>> = {
	'a comment of one word with and without quotes': [
		'-p tcp -m comment --comment turnout -j RETURN',
		'-p tcp -m comment --comment "turnout" -j RETURN',
	],
	'an -m for the protocol, as older versions print': ['-p tcp -j RETURN', '-p tcp -m tcp -j RETURN'],
	'matches in another order': [
		ours,
		'-p tcp -m comment --comment "turnout: these ports are ignored" -m multiport --dports 22 -j RETURN',
	],
	'the address behind the protocol': ['-d 192.0.2.7/32 -p tcp -j RETURN', '-p tcp -d 192.0.2.7/32 -j RETURN'],
	'an address without its prefix': ['-d 192.0.2.7/32 -p tcp -j RETURN', '-d 192.0.2.7 -p tcp -j RETURN'],
	'a source address without its prefix': ['-s 192.0.2.7/32 -p tcp -j RETURN', '-p tcp -s 192.0.2.7 -j RETURN'],
	'an IPv6 address in full': ['-d fd00:ec2::254/128 -j RETURN', '-d fd00:0ec2:0:0:0:0:0:0254/128 -j RETURN'],
	'an IPv6 address with a dotted end': ['-d ::1.2.3.4/128 -j RETURN', '-d ::102:304/128 -j RETURN'],
	'the end of a line': ['-p tcp -j RETURN', '-p tcp -j RETURN '],
};

for (const [title, [one, other]] of Object.entries(same))
	test(`${title}: the same rule`, () => assert.equal(canonicalRule(one), canonicalRule(other)));

const others: Readonly<Record<string, readonly [string, string]>> = {
	'another port': [ours, ours.replace('22', '23')],
	'another target': [ours, ours.replace('RETURN', 'ACCEPT')],
	'another reason': [ours, ours.replace('ignored', 'captured')],
	'a match more': [ours, `-i eth0 ${ours}`],
	'a negation': ['-p tcp -m addrtype --src-type LOCAL -j RETURN', '-p tcp -m addrtype ! --src-type LOCAL -j RETURN'],
	'a negation of the other match': [
		'-p tcp -m addrtype ! --src-type LOCAL --dst-type LOCAL -j RETURN',
		'-p tcp -m addrtype --src-type LOCAL ! --dst-type LOCAL -j RETURN',
	],
	'a negated address': ['-d 192.0.2.7/32 -j RETURN', '! -d 192.0.2.7/32 -j RETURN'],
	'another destination': ['-d 192.0.2.7/32 -j RETURN', '-d 192.0.2.8/32 -j RETURN'],
	'another source': ['-s 192.0.2.7/32 -j RETURN', '-s 192.0.2.7/31 -j RETURN'],
	'another address of a kind that cannot be parsed': [
		'-d 10.0.0.1/255.0.0.255 -j RETURN',
		'-d 10.0.0.2/255.0.0.255 -j RETURN',
	],
	'another reason that reads like the same address': [
		'-m comment --comment 192.0.2.7 -j RETURN',
		'-m comment --comment 192.0.2.7/32 -j RETURN',
	],
	'a user and a group': ['-m owner --uid-owner 7 -j RETURN', '-m owner --gid-owner 7 -j RETURN'],
	'source and destination': ['-s 192.0.2.7/32 -j RETURN', '-d 192.0.2.7/32 -j RETURN'],
	'jump and goto': ['-p tcp -j OTHER', '-p tcp -g OTHER'],
	'quotes in the comment': ['-m comment --comment "a b" -j RETURN', '-m comment --comment "a \\"b\\"" -j RETURN'],
};

for (const [title, [one, other]] of Object.entries(others))
	test(`${title}: another rule`, () => assert.notEqual(canonicalRule(one), canonicalRule(other)));

test("an unparsable address in another program's rule is not an error", () => {
	for (const address of ['::ffff:1.2.3.4/128', '10.0.0.0/255.0.255.0', 'nonsense', '10.0.0.1/99'])
		assert.match(canonicalRule(`-d ${address} -j RETURN`), /RETURN/);
});

test('options inside a comment are not options', () => {
	const tricky = '-m comment --comment "see -j DROP and ! -d 10.0.0.0/8" -j RETURN';
	assert.notEqual(canonicalRule(tricky), canonicalRule('-m comment --comment "see" -j DROP'));
	assert.equal(
		canonicalRule(tricky),
		canonicalRule(`-m comment -j RETURN --comment "see -j DROP and ! -d 10.0.0.0/8"`),
	);
});
