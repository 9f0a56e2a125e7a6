import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RuleText } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { programs } from '../../../../src/firewall/foreign/known-programs.ts';
import { removalCommands } from '../../../../src/firewall/foreign/removal-commands.ts';

const linkerd = `*nat
:OUTPUT ACCEPT [0:0]
:PROXY_INIT_OUTPUT - [0:0]
:MINE - [0:0]
-A OUTPUT -j PROXY_INIT_OUTPUT
-A OUTPUT -j MINE
-A PROXY_INIT_OUTPUT -p tcp -j REDIRECT --to-ports 4140
COMMIT
`;

test("what removes another interceptor's rules unhooks its chains first, then empties them, then deletes them", () => {
	const program = programs.find(({ name }) => name === 'Linkerd') ?? assert.fail('it is not known');
	const texts: RuleText[] = [{ kind: 'saved', dialect: 'iptables-legacy', family: 'ipv6', text: linkerd }];
	assert.deepEqual(removalCommands({ chains: [], texts }, program), [
		'ip6tables-legacy -t nat -D OUTPUT -j PROXY_INIT_OUTPUT',
		'ip6tables-legacy -t nat -F PROXY_INIT_OUTPUT',
		'ip6tables-legacy -t nat -X PROXY_INIT_OUTPUT',
	]);
});
