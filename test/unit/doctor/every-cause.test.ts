// What can be wrong, as docs/when-something-is-wrong.md has it, and which check finds it on the host.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checks } from '../../../src/commands/doctor/checks.ts';
import type { CheckName } from '../../../src/doctor/finding.ts';

/** Found by this check, also where no daemon runs; or why only a daemon can tell it. */
type Found = { readonly by: CheckName } | { readonly onlyDaemon: string };

const RUNNING = 'it is about what a running daemon is doing';
const own = (why: string): Found => ({ onlyDaemon: why });
const by = (name: CheckName): Found => ({ by: name });

/** By the beginning of each row: its condition, and what it is not ok when. */
const causes: readonly (readonly [condition: string, when: string, found: Found])[] = [
	['rules', 'other programs removed or changed', own('what is desired now, a daemon knows')],
	['rules', 'they wait for Envoy', own(RUNNING)],
	['rules', "the 2019 script's rules", by('rules')],
	['rules', 'they are lifted', own(RUNNING)],
	['routes', 'the policy rule or the route is missing', own('what is desired now, a daemon knows')],
	['routes', 'they wait', own(RUNNING)],
	['routes', 'another program uses our mark', by('routes')],
	['repairs', 'another program undoes', own(RUNNING)],
	['repairs', 'a change by another program', own(RUNNING)],
	['envoy', 'it exited', own(RUNNING)],
	['envoy', 'its image is being pulled', own(RUNNING)],
	['envoy', 'it does not answer', own(RUNNING)],
	['envoy', 'the pull of its image', own(RUNNING)],
	['envoy', 'it is gone or hangs', own(RUNNING)],
	['envoy', 'it is LIVE and does not listen', own(RUNNING)],
	['envoy', 'nothing listens on', by('envoy')],
	['envoy', 'the listening program runs as a user', by('envoy')],
	['docker', 'Docker is down', by('docker')],
	['ipv6', 'IPv6 bypasses', by('ipv6')],
	['settings', 'a `reload --confirm`', own('what was not confirmed, a daemon knows')],
	['confirm', 'the time to confirm', own(RUNNING)],
	['conntrack', "the kernel's connection table", by('conntrack')],
	['admin', 'another program holds', by('admin')],
	['ports', 'a program of another user', by('ports')],
	['syncookies', '`net.ipv4.tcp_syncookies` is 2', by('syncookies')],
	['firewall', "the host's firewall drops", by('firewall')],
	['denials', 'a firewall rule denies', by('denials')],
	['tables', 'a table of iptables was disabled', by('tables')],
	['backend', "other programs' rules are in iptables-legacy", by('backend')],
	['order', "another program's rule comes before ours", by('order')],
	['interceptors', 'another mesh', by('interceptors')],
	['mesh', 'the definitions as they are now are not in force', by('mesh')],
	['mesh', 'etcd is away, or refuses this host', by('mesh')],
	['mesh', '`envoy.config` is set as well', by('mesh')],
	['tracking', 'the kernel cannot be made to track', own('it shows when rules are applied')],
	['lists', 'addresses or ports are so many', by('lists')],
	['state', 'the disk is full', by('disk')],
	['state', '`state.json` was unusable', by('state')],
];

const page = readFileSync(join(import.meta.dirname, '../../../docs/when-something-is-wrong.md'), 'utf8');

/** Below `heading`; an empty first cell is the one above. */
function rowsBelow(heading: string): readonly (readonly [condition: string, when: string])[] {
	const [, section = ''] = page.split(`## ${heading}\n`);
	const [table = ''] = section.split('\n## ');
	let last = '';
	return [...table.matchAll(/^\| (?:`(\w+)`)? ?\| ([^|]+) \|/gm)].map(([, name, when = '']) => {
		last = name ?? last;
		return [last, when];
	});
}

test('each cause that the page names is found by a check, or only a daemon can know it', () => {
	const rows = rowsBelow('What status says').filter(([condition]) => condition !== '');
	assert.equal(rows.length, causes.length);
	for (const [condition, when] of rows)
		assert.ok(
			causes.some(([name, beginning]) => name === condition && when.startsWith(beginning)),
			`${condition}: ${when}`,
		);
});

test('each check that finds one is there, and none has two places', () => {
	const names = checks.flatMap((check) => check.names);
	assert.deepEqual(names, [...new Set(names)]);
	for (const [condition, , found] of causes) if ('by' in found) assert.ok(names.includes(found.by), condition);
});

test('the page names each check', () => {
	for (const name of checks.flatMap((check) => check.names)) assert.ok(page.includes(`\`${name}\``), name);
});
