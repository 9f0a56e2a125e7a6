import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure, type FailureCode } from '../../../src/failure.ts';
import { tolerateOthers } from '../../../src/host/iptables/tolerate-others.ts';
import { createMemoryIptables } from '../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);

const unreadable = (dialect: 'iptables-nft' | 'iptables-legacy', code: FailureCode) =>
	createMemoryIptables({
		dialect,
		onRead: () => {
			throw new Failure(code, `Cannot read ${dialect}`, 'None');
		},
	});

const readAll = (programs: ReturnType<typeof tolerateOthers>) =>
	Promise.all(programs.map((program) => program.read('ipv4', signal).catch(({ message }: Error) => message)));

test('rules of a dialect that is not used count as none if they cannot be read; those of the used one must be readable', async () => {
	for (const code of ['permission', 'firewall'] as const) {
		const programs = [unreadable('iptables-nft', code), unreadable('iptables-legacy', code)];
		assert.deepEqual(await readAll(tolerateOthers(programs, 'iptables-nft')), ['Cannot read iptables-nft', '']);
	}
});

test('a failure that has nothing to do with rights or rules is none to be ignored', async () => {
	const programs = [unreadable('iptables-nft', 'interrupted'), unreadable('iptables-legacy', 'interrupted')];
	const expected = ['Cannot read iptables-nft', 'Cannot read iptables-legacy'];
	assert.deepEqual(await readAll(tolerateOthers(programs, 'iptables-nft')), expected);
});

test('a reload may choose the other dialect, which is strict then, and back again', async () => {
	const programs = [unreadable('iptables-nft', 'permission'), unreadable('iptables-legacy', 'permission')];
	const legacy = tolerateOthers(tolerateOthers(programs, 'iptables-nft'), 'iptables-legacy');
	assert.deepEqual(await readAll(legacy), ['', 'Cannot read iptables-legacy']);
	assert.deepEqual(await readAll(tolerateOthers(legacy, 'iptables-nft')), ['Cannot read iptables-nft', '']);
});
