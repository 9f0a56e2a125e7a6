// Each check in all its states, on facts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clockFindings } from '../../../src/doctor/clock-check.ts';
import { conntrackFindings } from '../../../src/doctor/conntrack-check.ts';
import { daemonFindings } from '../../../src/doctor/daemon-check.ts';
import { diskFindings } from '../../../src/doctor/disk-check.ts';
import { dockerFindings } from '../../../src/doctor/docker-check.ts';
import { envoyFindings } from '../../../src/doctor/envoy-check.ts';
import type { Finding } from '../../../src/doctor/finding.ts';
import { type KernelLists, kernelFindings, setObstacle } from '../../../src/doctor/kernel-check.ts';
import { meshFindings } from '../../../src/doctor/mesh-check.ts';
import { privilegesFindings } from '../../../src/doctor/privileges-check.ts';
import { reversePathFindings } from '../../../src/doctor/reverse-path-check.ts';
import { settingsFindings } from '../../../src/doctor/settings-check.ts';
import { stateFindings } from '../../../src/doctor/state-check.ts';
import { toolsFindings } from '../../../src/doctor/tools-check.ts';
import { usersFindings } from '../../../src/doctor/users-check.ts';

/** `ok: note`, `failure: why`; that a remedy is there is checked with each. */
const said = (findings: readonly Finding[]): readonly string[] =>
	findings.map((finding) => {
		if (finding.state === 'ok') return finding.note === '' ? 'ok' : `ok: ${finding.note}`;
		assert.notEqual(finding.remedy, '');
		return `${finding.state}: ${finding.why}`;
	});

const refusal = { message: 'Cannot change: no right', remedy: 'Be root' };

describe('what turnout needs', () => {
	test('each mistake of the settings is a failure, and what was normalized a note', () => {
		assert.deepEqual(said(settingsFindings({ isRunning: false, mistakes: [], notices: ['a is b', 'c is d'] })), [
			'ok: a is b; c is d',
		]);
		const mistaken = { mistakes: ['appPorts: no port', 'mark: no mark'], notices: [] };
		assert.deepEqual(said(settingsFindings({ isRunning: false, ...mistaken })), [
			'failure: appPorts: no port',
			'failure: mark: no mark',
		]);
		const [running] = settingsFindings({ isRunning: true, ...mistaken });
		assert.ok(running?.state === 'failure' && /goes on with the former settings/.test(running.remedy));
	});

	test('users and groups that this host does not know are failures', () => {
		assert.deepEqual(said(usersFindings([], '')), ['ok']);
		assert.deepEqual(said(usersFindings(['ignoreUids: unknown user "x"'], 'Create it')), [
			'failure: ignoreUids: unknown user "x"',
		]);
	});

	test('root without the right to change rules is told so; another user, that it does not see everything', () => {
		const socket = undefined;
		assert.deepEqual(said(privilegesFindings({ isRoot: true, refusal: undefined, socket })), ['ok']);
		assert.deepEqual(said(privilegesFindings({ isRoot: true, refusal, socket })), ['failure: Cannot change: no right']);
		assert.deepEqual(said(privilegesFindings({ isRoot: false, refusal, socket })), [
			'unknown: this user may not see everything: Cannot change: no right',
		]);
	});

	test('a socket that everybody may use, or that this user may not', () => {
		const rights = { isRoot: true, refusal: undefined };
		const socket = { path: '/run/s', refusal: undefined, isOpen: false };
		assert.deepEqual(said(privilegesFindings({ ...rights, socket })), ['ok']);
		assert.deepEqual(said(privilegesFindings({ ...rights, socket: { ...socket, isOpen: true } })), [
			'ok',
			'warning: every user of this host may use the socket /run/s, and so change the rules',
		]);
		assert.deepEqual(said(privilegesFindings({ ...rights, socket: { ...socket, refusal } })), [
			'ok',
			'unknown: Cannot change: no right',
		]);
	});

	test('no daemon is well; one that is silent or of another version is not', () => {
		const answers = { kind: 'answers', version: '1.0.0', ownVersion: '1.0.0', is: 'enabled' } as const;
		assert.deepEqual(said(daemonFindings({ kind: 'none', socket: '/run/s' })), ['ok: none answers on /run/s']);
		assert.deepEqual(said(daemonFindings(answers)), ['ok: interception is enabled']);
		assert.deepEqual(said(daemonFindings({ ...answers, ownVersion: '1.1.0' })), [
			'warning: the daemon is turnout 1.0.0, and what is installed is 1.1.0',
		]);
		assert.deepEqual(said(daemonFindings({ kind: 'silent', why: 'no reply', remedy: 'Restart it' })), [
			'failure: no reply',
		]);
	});

	test('the tools: which are installed, which is used and why, or what is missing', () => {
		const versions = ['iptables v1.8.9', 'nftables v1.0.6'];
		const backend = { name: 'iptables-nft', why: "Docker's rules are there" };
		assert.deepEqual(said(toolsFindings({ versions, backend, lack: undefined })), [
			"ok: iptables-nft is used (Docker's rules are there); installed: iptables v1.8.9, nftables v1.0.6",
		]);
		assert.deepEqual(said(toolsFindings({ versions, backend: refusal, lack: undefined })), [
			'unknown: installed: iptables v1.8.9, nftables v1.0.6; which is used was not looked at: Cannot change: no right',
		]);
		const lack = { message: 'Cannot change the rules: nothing is installed', remedy: 'Install it' };
		assert.deepEqual(said(toolsFindings({ versions: [], backend: refusal, lack })), [
			'failure: Cannot change the rules: nothing is installed',
		]);
	});

	test('Docker: not used, with its version and where its rules are, or silent', () => {
		assert.deepEqual(said(dockerFindings({ kind: 'unused' })), ['ok: it is not used (envoy.runtime)']);
		assert.deepEqual(said(dockerFindings({ kind: 'answers', version: '29.1.0', firewall: 'nftables' })), [
			'ok: version 29.1.0, its rules are in nftables',
		]);
		assert.deepEqual(said(dockerFindings({ kind: 'answers', version: '20.10.0', firewall: '' })), [
			'ok: version 20.10.0',
		]);
		assert.deepEqual(said(dockerFindings({ kind: 'silent', message: 'Cannot use Docker: none', remedy: 'Start it' })), [
			'failure: Cannot use Docker: none',
		]);
	});

	test("Envoy: somebody else's that nobody reaches, a program that is not there, or ours", () => {
		assert.deepEqual(said(envoyFindings({ runtime: 'none', problem: '' })), ['ok']);
		assert.deepEqual(said(envoyFindings({ runtime: 'none', problem: 'nobody listens on port 15001' })), [
			'failure: nobody listens on port 15001',
		]);
		const command = 'envoy';
		assert.deepEqual(said(envoyFindings({ runtime: 'process', command, program: '/usr/bin/envoy' })), [
			'ok: /usr/bin/envoy',
		]);
		assert.deepEqual(said(envoyFindings({ runtime: 'process', command, program: undefined })), [
			'failure: there is no program envoy (envoy.command) that can be executed',
		]);
		assert.deepEqual(said(envoyFindings({ runtime: 'docker' })), ['ok: turnout runs it in Docker']);
	});
});

describe('the kernel', () => {
	const owner = { name: 'match owner', module: 'xt_owner', option: 'CONFIG_NETFILTER_XT_MATCH_OWNER' };
	const silent: KernelLists = {
		...{ loaded: new Set(), installed: undefined, options: undefined, registered: new Set(), isSealed: false },
	};
	const stateWith = (lists: Partial<KernelLists>) => {
		const [found] = kernelFindings({ needed: [owner], lists: { ...silent, ...lists }, remedyFor: () => 'modprobe it' });
		return found?.state;
	};
	const options = new Map([['CONFIG_NF_TABLES', 'y']]);
	const installed = new Map([['xt_other', 'on the disk']] as const);

	test('has what is loaded, built in, registered, on the disk, or set in its configuration', () => {
		assert.equal(stateWith({ loaded: new Set(['xt_owner']) }), 'ok');
		assert.equal(stateWith({ registered: new Set(['match owner']) }), 'ok');
		assert.equal(stateWith({ installed: new Map([['xt_owner', 'built in']] as const) }), 'ok');
		assert.equal(stateWith({ installed: new Map([['xt_owner', 'on the disk']] as const) }), 'ok');
		assert.equal(stateWith({ options: new Map([[owner.option, 'y']]) }), 'ok');
	});

	test('lacks what was left out of it, of the package of its modules, or can no more be loaded', () => {
		assert.equal(stateWith({ options }), 'failure');
		assert.equal(stateWith({ installed }), 'failure');
		assert.equal(stateWith({ installed, options: new Map([[owner.option, 'm']]) }), 'failure');
		assert.equal(stateWith({ installed: new Map([['xt_owner', 'on the disk']] as const), isSealed: true }), 'failure');
	});

	test('is not judged where neither its modules nor its configuration are to be seen', () => {
		assert.equal(stateWith({}), 'unknown');
		assert.equal(stateWith({ options: new Map([[owner.option, 'm']]) }), 'unknown');
	});

	test('has no sets if it is known to lack a part of them', () => {
		assert.equal(setObstacle([owner], { ...silent, options }), 'the kernel lacks the match owner (module xt_owner)');
		assert.equal(setObstacle([owner], silent), '');
	});

	test('conntrack: the figures, nearly full, and without picking up connections', () => {
		assert.deepEqual(said(conntrackFindings({ usage: undefined, isLoose: true })), ['ok']);
		assert.deepEqual(said(conntrackFindings({ usage: { count: 5, most: 100 }, isLoose: true })), [
			'ok: 5 of 100 connections',
		]);
		const [full, strict] = said(conntrackFindings({ usage: { count: 90, most: 100 }, isLoose: false }));
		assert.match(full ?? '', /^warning: the kernel tracks 90 of at most 100 connections/);
		assert.match(strict ?? '', /^warning: net\.netfilter\.nf_conntrack_tcp_loose is 0/);
	});

	test('a mark that counts for source addresses matters only where the application sees the client', () => {
		assert.deepEqual(said(reversePathFindings({ keepsClient: false, validatesMark: ['all'] })), ['ok']);
		assert.deepEqual(said(reversePathFindings({ keepsClient: true, validatesMark: [] })), ['ok']);
		const [wrong] = said(reversePathFindings({ keepsClient: true, validatesMark: ['wg0', 'all'] }));
		assert.match(wrong ?? '', /^warning: net\.ipv4\.conf\.wg0\.src_valid_mark is 1/);
	});
});

describe('the mesh, the clock and the disk', () => {
	test('mistakes of the definitions are failures; warnings, and names that nobody knows, are not', () => {
		assert.deepEqual(said(meshFindings({ errors: [], warnings: [], names: [] })), ['ok', 'ok']);
		const mistake = (why: string) => ({ file: 'mesh.yaml', line: 3, path: 'spec', why, hint: '' });
		const facts = { errors: [mistake('no')], warnings: [mistake('hm')], names: [mistake('who')] };
		assert.deepEqual(said(meshFindings(facts)), [
			'failure: mesh.yaml:3: spec: no',
			'warning: mesh.yaml:3: spec: hm',
			'warning: mesh.yaml:3: spec: who',
		]);
	});

	const installedMs = Date.UTC(2026, 10, 1);

	test('a clock before the installation is wrong; whether it is synchronised is told as far as it is known', () => {
		const now = { nowMs: installedMs + 1, installedMs };
		assert.deepEqual(said(clockFindings({ ...now, isSynchronized: true })), [
			'ok: 2026-11-01T00:00:00.001Z, synchronised',
		]);
		assert.match(said(clockFindings({ ...now, isSynchronized: undefined }))[0] ?? '', /^ok: .*not to be seen here$/);
		assert.match(said(clockFindings({ ...now, isSynchronized: false }))[0] ?? '', /^warning: .*not synchronised$/);
		const early = { installedMs, nowMs: Date.UTC(1970, 0, 1), isSynchronized: true };
		assert.match(said(clockFindings(early))[0] ?? '', /^failure: it is 1970-01-01.*before turnout was installed/);
	});

	test('a disk that is full, out of files or, for a daemon, read-only is a failure, and one with little left a warning', () => {
		const room = { directory: '/var/lib/turnout', freeBytes: 1024 ** 3, freeFiles: 9 };
		const disk = { ...room, isReadOnly: false, isRunning: true };
		const stateOf = (more: Partial<typeof disk>) => said(diskFindings({ ...disk, ...more }))[0]?.split(':')[0];
		assert.deepEqual(said(diskFindings(disk)), ['ok: 1024 MB left for /var/lib/turnout']);
		assert.equal(said(diskFindings({ ...disk, freeFiles: undefined })).length, 1);
		assert.equal(stateOf({ freeBytes: 64 * 1024 ** 2 }), 'ok');
		assert.equal(stateOf({ freeBytes: 64 * 1024 ** 2 - 1 }), 'warning');
		assert.equal(stateOf({ freeBytes: 0 }), 'failure');
		assert.equal(stateOf({ freeFiles: 0 }), 'failure');
		assert.equal(stateOf({ isReadOnly: true }), 'failure');
		assert.equal(stateOf({ isReadOnly: true, isRunning: false }), 'warning');
	});

	test('state: to be made, well, not a folder, writable for others, not to be read, or of no use', () => {
		const state = { directory: '/s', isFolder: true, mode: 0o40755, isHidden: false, broken: '' };
		assert.deepEqual(said(stateFindings(state)), ['ok']);
		assert.deepEqual(said(stateFindings({ ...state, mode: undefined })), ['ok: /s is made when it is needed']);
		assert.deepEqual(said(stateFindings({ ...state, isFolder: false })), ['failure: /s is not a folder']);
		assert.deepEqual(said(stateFindings({ ...state, mode: 0o41777 })), [
			'failure: users other than its owner may write to /s (mode 1777)',
		]);
		assert.deepEqual(said(stateFindings({ ...state, isHidden: true })), [
			'unknown: /s/state.json may not be read by this user',
		]);
		assert.match(
			said(stateFindings({ ...state, broken: 'no JSON' }))[0] ?? '',
			/^warning: .* cannot be used \(no JSON\)/,
		);
	});
});
