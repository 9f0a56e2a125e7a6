import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Attribute, formatAttribute } from '../../../src/host/netlink/attributes.ts';
import type { Lister } from '../../../src/host/netlink/dump.ts';
import { type RuleFingerprint, readFingerprints } from '../../../src/host/nft/nft-rules.ts';

/** Of linux/netfilter/nf_tables.h: NFT_MSG_NEWRULE, and NFTA_… of a rule, of its list of expressions, and of a counter. */
const NEW_RULE = (10 << 8) | 6;
const RULE = { handle: 3, expressions: 4, userData: 7 } as const;
const LIST_ELEMENT = 1;
const EXPRESSION = { name: 1, data: 2 } as const;
const COUNTER = { bytes: 1, packets: 2 } as const;

function number(value: number): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64BE(BigInt(value));
	return bytes;
}

const expression = (name: string, data: readonly Attribute[]): Attribute => [
	LIST_ELEMENT,
	[
		[EXPRESSION.name, Buffer.from(`${name}\0`)],
		[EXPRESSION.data, data],
	],
];

interface Rule {
	readonly handle: number;
	readonly packets?: number;
	readonly bytes?: number;
	readonly comment?: string;
	readonly port?: number;
}

/** As the kernel sends it: struct nfgenmsg, then a comparison, a counter and the comment. */
function messageOf({ handle, packets = 0, bytes = 0, comment = 'turnout: why', port = 443 }: Rule): Buffer {
	const attributes: readonly Attribute[] = [
		[RULE.handle, number(handle)],
		[
			RULE.expressions,
			[
				expression('cmp', [[1, number(port)]]),
				expression('counter', [
					[COUNTER.bytes, number(bytes)],
					[COUNTER.packets, number(packets)],
				]),
			],
		],
		[RULE.userData, Buffer.from(comment)],
	];
	return Buffer.concat([Buffer.from([2, 0, 0, 0]), ...attributes.map(formatAttribute)]);
}

async function read(rules: readonly Rule[], former: readonly RuleFingerprint[] = []) {
	const lister: Lister = {
		async list(_type, _question, onPart) {
			for (const bytes of rules.map(messageOf)) onPart(NEW_RULE, bytes, 0, bytes.length);
			onPart(NEW_RULE + 1, Buffer.alloc(4), 0, 4);
		},
		close: () => undefined,
	};
	return readFingerprints(lister, 'ipv4', { table: 'nat', chain: 'APPMESH_EGRESS' }, former);
}

test('a rule has its handle, and its counters as iptables-save prints them', async () => {
	const found = await read([{ handle: 7 }, { handle: 2 ** 40, packets: 3, bytes: 180 }]);
	assert.deepEqual(
		found.map(({ handle, counters }) => [handle, counters]),
		[
			[7, '[0:0]'],
			[2 ** 40, '[3:180]'],
		],
	);
});

test('what a rule has counted does not change its fingerprint; what it does, and its comment, do', async () => {
	const [rule, counted, elsewhere, other, because] = await read([
		{ handle: 1 },
		{ handle: 1, packets: 3, bytes: 180 },
		{ handle: 2 },
		{ handle: 1, port: 80 },
		{ handle: 1, comment: 'turnout: why else' },
	]);
	assert.equal(counted?.fingerprint, rule?.fingerprint);
	assert.equal(elsewhere?.fingerprint, rule?.fingerprint);
	assert.notEqual(other?.fingerprint, rule?.fingerprint);
	assert.notEqual(because?.fingerprint, rule?.fingerprint);
	assert.match(rule?.fingerprint ?? '', /turnout: why/);
});

test('a rule that is as before is the very same object', async () => {
	const before = await read([{ handle: 1, packets: 3 }, { handle: 2 }]);
	const now = await read([{ handle: 1, packets: 3 }, { handle: 2, packets: 1 }, { handle: 3 }], before);
	assert.equal(now[0], before[0]);
	assert.deepEqual(now[1], { ...before[1], counters: '[1:0]' });
	const [replaced] = await read([{ handle: 1, packets: 3, port: 80 }], before);
	assert.notEqual(replaced?.fingerprint, before[0]?.fingerprint);
});
