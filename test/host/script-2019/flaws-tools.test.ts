// The 2019 script's flaws 6 and 25: the lock, and the tools that a host has. Each test fails when its flaw comes back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { installUfwRules } from '../../lab/net/foreign-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { turnoutProgram } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { run } from '../../support/run.ts';
import { rulesIn, savedText } from '../../support/saved.ts';
import { changes } from '../../support/traces.ts';
import { createWrappers } from '../../support/wrapper.ts';

test('flaw 6: while another program holds the lock of the rules, turnout waits for it', async () => {
	using lab = createHost();
	using scratch = createScratch('lock');
	const lock = join(scratch.path, 'xtables.lock');
	writeFileSync(lock, '');
	const holder = lab.host.spawn('flock', [lock, 'sh', '-c', 'echo held; cat']);
	await once(holder.stdout ?? holder, 'data');

	const args = ['init', '--app-ports', '8080', '--backend', 'iptables-legacy'];
	using wrappers = createWrappers({ 'iptables-legacy-restore': old, 'ip6tables-legacy-restore': old });
	const env = { ...process.env, ...wrappers.env, XTABLES_LOCKFILE: lock };
	const init = lab.host.spawn(turnoutProgram, args, { env });
	const outcome = outcomeOf(init);
	await eventually(
		() => ({ isWaited: isWaitedFor(lock), ended: init.exitCode }),
		({ isWaited, ended }) => isWaited || ended !== null,
	);
	assert.deepEqual(rulesIn(savedText(lab.host, 'legacy')), []);
	holder.stdin?.end();
	assert.deepEqual({ ...(await outcome), stdout: '' }, { code: 0, stdout: '', stderr: '' });
});

/** As older iptables do it, such as Amazon Linux 2's: without -w they give up at once. */
const old = `
case " $* " in *" -w "*) exec "$real" "$@" ;; esac
flock --nonblock "$XTABLES_LOCKFILE" true && exec "$real" "$@"
echo 'Another app is currently holding the xtables lock. Perhaps you want to use the -w option?' >&2
exit 4`;

/** A blocked request for a lock has an arrow in the kernel's list (proc_locks(5)), and the file's inode. */
const isWaitedFor = (path: string): boolean =>
	readFileSync('/proc/locks', 'utf8')
		.split('\n')
		.some((line) => line.includes('->') && line.includes(`:${statSync(path).ino} `));

for (const dialect of ['nft', 'legacy'] as const)
	test(`flaw 25: rules go where Docker's are, into iptables-${dialect}, and only there`, () => {
		using lab = createHost();
		const other = dialect === 'nft' ? 'legacy' : 'nft';
		installUfwRules(lab.host, other);
		installDockerRules(lab.host, dialect);
		assert.match(run(lab.host, ['init', '--app-ports', '8080']).stdout, said(dialect));
		assert.match(savedText(lab.host, dialect), /-A APPMESH_EGRESS /);
		assert.doesNotMatch(savedText(lab.host, other), /APPMESH/);
	});

const said = (dialect: 'nft' | 'legacy') => new RegExp(`iptables-${dialect} \\(Docker's rules are there\\)`);

test('flaw 25: a host without iptables is told what to install, and nothing is touched', () => {
	using lab = createHost();
	const before = snapshotHost(lab.host);
	const { code, stderr } = withoutIptables(lab.host, [turnoutProgram, 'init', '--app-ports', '8080']);
	assert.equal(code, 1);
	assert.match(stderr, /^turnout: Cannot .*neither iptables nor ip6tables nor nft is installed$/m);
	assert.match(stderr, /apt-get install iptables, dnf install .*, (or )?apk add /);
	assert.deepEqual(changes(before, snapshotHost(lab.host)), []);
});

/** In mounts of its own, in which both of the programs that all names lead to are no programs. */
const withoutIptables = (host: Namespace, command: readonly string[]) => {
	const hide = '/usr/sbin/xtables-nft-multi /usr/sbin/xtables-legacy-multi /usr/sbin/nft';
	const script = `set -e; for each in ${hide}; do mount --bind /dev/null $each; done; exec "$@"`;
	return host.tryRun('unshare', ['-m', 'sh', '-c', script, 'sh', ...command]);
};
