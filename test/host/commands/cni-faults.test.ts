// The CNI plugin when things go wrong: bad input, networks that are gone, rights that are missing, kill -9.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHost } from '../../lab/net/host.ts';
import { createNamespace } from '../../lab/net/namespace.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { cniProgram } from '../../lab/turnout.ts';
import { proxied } from '../../support/aws-appmesh.ts';
import {
	assertDone,
	assertRefused,
	type CallOptions,
	type Command,
	callPlugin,
	startPlugin,
} from '../../support/cni.ts';
import { unprivileged } from '../../support/daemon.ts';
import { withPrograms } from '../../support/without.ts';

const done = { cniVersion: '1.0.0' };

describe('a call that cannot be carried out is answered in JSON, and changes nothing', () => {
	const stack = new DisposableStack();
	after(() => stack.dispose());
	const { host, container } = stack.use(createHost({ container: false }));
	const { path: folder } = stack.use(createScratch('cni'));
	const runtime = { from: container, network: host.path };
	assertDone(callPlugin(runtime, 'ADD'), done);
	const before = [snapshotHost(host), snapshotHost(container)];
	const stale = join(folder, 'stale');
	writeFileSync(stale, '');
	const without = (change: string) => ({ through: withPrograms(folder, change) });
	const bounded = (rights: string) => ({ through: ['setpriv', `--bounding-set=${rights}`] });
	const anybody = ['setpriv', ...unprivileged(65_534, 65_534)];
	const at = (path: string) => ({ env: { CNI_NETNS: path } });

	const cases: readonly (readonly [what: string, command: Command, how: CallOptions, code: number, said: RegExp])[] = [
		['no configuration', 'ADD', { config: '' }, 6, /^error unmarshall network config/],
		['half a configuration', 'DEL', { config: '{"name":' }, 6, /^error unmarshall network config/],
		['a list', 'CHECK', { config: [] }, 6, /it is no object/],
		[
			'no ports',
			'ADD',
			{ config: { ...proxied, proxyEgressPort: '' } },
			7,
			/^missing required parameter proxyEgressPort$/,
		],
		[
			'a port that is none',
			'ADD',
			{ config: { ...proxied, appPorts: ['http'] } },
			7,
			/^invalid port \[http\] specified$/,
		],
		['an unknown user', 'ADD', { config: { ...proxied, ignoredUID: 'nobody-here' } }, 7, /unknown user "nobody-here"/],
		['one port for two listeners', 'CHECK', { config: { ...proxied, proxyIngressPort: '8080' } }, 7, /already used/],
		['a version to come', 'ADD', { config: { ...proxied, cniVersion: '9.0.0' } }, 1, /^incompatible CNI versions; /],
		['an unknown command', 'ADD', { env: { CNI_COMMAND: 'REMOVE' } }, 4, /^unknown CNI_COMMAND: REMOVE$/],
		['no container', 'DEL', { env: { CNI_CONTAINERID: '' } }, 4, /\[CNI_CONTAINERID\] missing$/],
		['a network that is gone', 'ADD', at('/proc/999999999/ns/net'), 8, /^open \/proc\/999999999\/ns\/net: /],
		['a mount point without its network', 'CHECK', at(stale), 8, /no such network namespace$/],
		['the own network', 'ADD', at('/proc/self/ns/net'), 8, /should not be the same$/],
		['the own network', 'DEL', at('/proc/self/ns/net'), 8, /should not be the same$/],
		['another kind of namespace', 'ADD', at('/proc/self/ns/mnt'), 999, /^Cannot enter the network namespace /],
		['no CAP_NET_ADMIN', 'ADD', bounded('-net_admin'), 999, /lacks CAP_NET_ADMIN; /],
		['no CAP_NET_ADMIN', 'DEL', bounded('-net_admin'), 999, /lacks CAP_NET_ADMIN; /],
		['no CAP_SYS_ADMIN', 'ADD', bounded('-sys_admin'), 999, /^Cannot enter the network namespace .*not permitted/],
		['not root', 'DEL', { ...at('/proc/1/ns/net'), through: anybody }, 999, /^Cannot enter the network .*: EACCES; /],
		[
			'no iptables and no nft',
			'ADD',
			without('rm -f *tables* nft xtables*'),
			999,
			/neither iptables nor ip6tables nor nft/,
		],
	];
	for (const [what, command, how, code, said] of cases)
		test(`${command}: ${what}`, () => {
			assertRefused(callPlugin(runtime, command, how), code, said);
			assert.deepEqual([snapshotHost(host), snapshotHost(container)], before);
		});
});

test('DEL of what is not there succeeds: no rules, no network, a wrong configuration', () => {
	using lab = createHost({ container: false });
	using scratch = createScratch('cni');
	const runtime = { from: lab.container, network: lab.host.path };
	const stale = join(scratch.path, 'stale');
	writeFileSync(stale, '');
	assertDone(callPlugin(runtime, 'DEL'));
	assertDone(callPlugin(runtime, 'DEL', { config: { ...proxied, proxyEgressPort: 'none' } }));
	for (const network of ['', '/proc/999999999/ns/net', '/run/netns/of-nobody', stale])
		assertDone(callPlugin({ ...runtime, network }, 'DEL'));
});

test('a network that nobody has set up yet: ADD brings up the loopback, over which redirected connections go', () => {
	using task = createNamespace('task');
	using from = createNamespace('runtime');
	const runtime = { from, network: task.path };
	const interfaces = () => task.run('ip', ['-brief', 'link']);
	assertRefused(callPlugin(runtime, 'ADD', { config: { ...proxied, ignoredUID: 'nobody-here' } }), 7, /unknown user/);
	assert.doesNotMatch(interfaces(), /UP/);
	assertDone(callPlugin(runtime, 'ADD'), done);
	assert.match(interfaces(), /^lo .*LOOPBACK,UP/);
	assertDone(callPlugin({ from, network: task.name }, 'CHECK'));
	assertDone(callPlugin(runtime, 'DEL'));
});

test('what is asked beside the specification, and what needs no network', () => {
	using from = createNamespace('runtime');
	const runtime = { from, network: '' };
	const newest = { ...proxied, cniVersion: '1.1.0' };
	const supportedVersions = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'];
	assertDone(callPlugin(runtime, 'VERSION', { config: '' }), { cniVersion: '1.1.0', supportedVersions });
	assertDone(callPlugin(runtime, 'STATUS', { config: newest }));
	assertDone(callPlugin(runtime, 'GC', { config: { ...newest, 'cni.dev/valid-attachments': [] } }));
	const through = ['setpriv', '--bounding-set=-net_admin'];
	assertRefused(callPlugin(runtime, 'STATUS', { config: newest, through }), 50, /lacks CAP_NET_ADMIN/);
	assert.deepEqual(from.tryRun(cniProgram, ['--capabilities']), { code: 0, stdout: '{}\n', stderr: '' });
	assert.match(from.run(cniProgram, ['--version']), /^\{"version":"[\d.]+"\}\n$/);
	const unasked = from.tryRun(cniProgram, []);
	assert.deepEqual([unasked.code, unasked.stdout], [0, '']);
	assert.match(unasked.stderr, /^CNI plugin of turnout .*\nCNI protocol versions supported: 0\.3\.0, /);
});

test('killed at any moment, ADD leaves nothing that DEL does not remove', async () => {
	using lab = createHost({ container: false });
	const runtime = { from: lab.container, network: lab.host.path };
	const started = performance.now();
	assertDone(callPlugin(runtime, 'ADD'), done);
	const wholeMs = performance.now() - started;
	assertDone(callPlugin(runtime, 'DEL'));
	const before = snapshotHost(lab.host);
	for (let round = 1; round <= 16; round += 1) {
		const child = startPlugin(runtime, 'ADD');
		const ended = once(child, 'exit');
		await sleep((wholeMs * round) / 16);
		child.kill('SIGKILL');
		await ended;
		assertDone(callPlugin(runtime, 'DEL'));
		assert.deepEqual(snapshotHost(lab.host), before, `killed after ${round}/16`);
	}
});
