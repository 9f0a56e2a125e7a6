// When one of the two families cannot be had: both are as they were, or IPv4 goes on and says so.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeers } from '../../lab/net/peers.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { startDaemon, turnout } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { run } from '../../support/run.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { changes, withoutEmptyTables } from '../../support/traces.ts';
import { createWrappers } from '../../support/wrapper.ts';

const failing = 'cat > /dev/null; echo "something that the kernel does not like" >&2; exit 4';

/** Each table is a commit of its own, so mangle is changed by then. */
const failingAtNat = `sed '/^\\*nat$/,$d' | "$real" "$@"; ${failing.replace('cat > /dev/null; ', '')}`;
/** Whoever only reads is given what there is. */
const failingToCommit = `case " $* " in *" --file "*) ${failing} ;; esac; exec "$real" "$@"`;

/** As each of them fails on a kernel without IPv6 nat: legacy before anything is done, the nft one when mangle is through. */
const withoutNat = {
	legacy: `sed 's/^\\*nat$/*nonat/' | "$real" "$@"`,
	nft: `
input=$(cat)
printf '%s\\n' "$input" | sed '/^\\*nat$/,/^COMMIT$/d' | "$real" "$@" || exit
case "$input" in *"*nat"*) ;; *) exit 0 ;; esac
echo "ip6tables-nft-restore v1.8.9 (nf_tables): " >&2
echo "line 9: CHAIN_ADD failed (Operation not supported): chain PREROUTING" >&2
exit 4`,
} as const;

describe('a family that cannot be had', async () => {
	const stack = suiteStack();
	const lab = stack.use(createHost());
	const { host } = lab;
	const peers = stack.use(await createPeers(lab));
	const answersTo = async (port: number) =>
		Promise.all([addresses.host.v4, addresses.host.v6].map(async (to) => nameOf(await peers.world.connect(to, port))));
	afterEach(() => void run(host, ['clean']));

	const testEnd = (settings: readonly string[], when: string, programs: Readonly<Record<string, string>>) =>
		test(`when ${when}, both families are as they were`, () => {
			using wrappers = createWrappers(programs);
			const before = withoutEmptyTables(snapshotHost(host));
			assert.equal(turnout(host, ['init', ...settings], wrappers).code, 1);
			assert.notEqual(wrappers.strikes(), 0);
			assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
			run(host, ['init', ...settings]);
			const once = snapshotHost(host);
			const { code, stderr } = turnout(host, ['init', ...settings, '--app-ports', '9090'], wrappers);
			assert.equal(code, 1);
			assert.match(stderr, /something that the kernel does not like/);
			assert.deepEqual(changes(once, snapshotHost(host)), []);
		});
	testEnd(['--app-ports', '8080', '--backend', 'nft'], 'nft fails to commit', { nft: failingToCommit });

	for (const dialect of ['nft', 'legacy'] as const) {
		const settings = ['--app-ports', '8080', '--backend', `iptables-${dialect}`];

		for (const program of [`iptables-${dialect}-restore`, `ip6tables-${dialect}-restore`]) {
			testEnd(settings, `${program} fails at once`, { [program]: failing });
			testEnd(settings, `${program} fails once mangle is through`, { [program]: failingAtNat });
		}

		test(`where the ${dialect} kernel has no IPv6 nat, IPv4 goes on and status says that IPv6 goes past Envoy`, async () => {
			using wrappers = createWrappers({ [`ip6tables-${dialect}-restore`]: withoutNat[dialect] });
			assert.match(run(host, ['init', ...settings], wrappers).stdout, /IPv6 bypasses Envoy: /);
			assert.deepEqual(await answersTo(8080), ['ingress listener', 'app']);
			await using daemon = await startDaemon(host, { args: settings, env: wrappers.env });
			assert.match(daemon.ask('enable').stdout, /!! {2}ipv6: IPv6 bypasses Envoy: /);
			assert.partialDeepStrictEqual(daemon.status(), { is: 'enabled', families: ['ipv4'] });
			assert.deepEqual(await answersTo(8080), ['ingress listener', 'app']);
		});

		test(`where the ${dialect} kernel has no IPv6 nat and IPv6 was asked for, it is an error and nothing stays`, () => {
			using wrappers = createWrappers({ [`ip6tables-${dialect}-restore`]: withoutNat[dialect] });
			const before = withoutEmptyTables(snapshotHost(host));
			const { code, stderr } = turnout(host, ['init', ...settings, '--ipv6', '1'], wrappers);
			assert.equal(code, 1);
			assert.match(stderr, /^turnout: Cannot .*ip6tables-/);
			assert.deepEqual(changes(before, withoutEmptyTables(snapshotHost(host))), []);
		});
	}
});
