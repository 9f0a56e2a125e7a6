// What the documentation lists, it lists whole: nothing that the code has is missing, and nothing is there that the code has not.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { planReload } from '../src/config/changes.ts';
import { readConfig } from '../src/config/merge-sources.ts';
import { allSettings } from '../src/config/names.ts';
import { passThroughNames, variablesOfSettings } from '../src/config/pass-through.ts';
import { controlMetrics } from '../src/control/control-metrics.ts';
import { pauseMs } from '../src/envoy/back-off.ts';
import type { FailureCode } from '../src/failure.ts';
import { programs } from '../src/firewall/foreign/known-programs.ts';
import { METRICS_PATH, paths, streams } from '../src/localapi/protocol.ts';
import { metrics } from '../src/status/metrics.ts';
import type { EnvoyStatus, Subject } from '../src/status/types.ts';
import { blocksOf, codeOf, type Page, readPages } from './support/pages.ts';

const pages = readPages();

/** The compiler asks for each that is missing here. */
const codes: Readonly<Record<FailureCode, true>> = {
	...{ usage: true, config: true, permission: true, tools: true, firewall: true, unsupported: true, interrupted: true },
	...{ routing: true, envoy: true, docker: true, image: true, registry: true, state: true, confirm: true },
	...{ socket: true, 'not-running': true, running: true, resources: true, internal: true },
};

test('every code that an error may have is in the table of errors', () => {
	const table = sectionOf(page('docs/when-something-is-wrong.md'), 'Errors');
	const listed = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, code]) => code);
	assert.deepEqual(listed.toSorted(), Object.keys(codes).toSorted());
});

const subjects: Readonly<Record<Subject, true>> = {
	...{ rules: true, routes: true, repairs: true, envoy: true, docker: true, admin: true, ipv6: true, state: true },
	...{ conntrack: true, settings: true, confirm: true, ports: true, syncookies: true, order: true, firewall: true },
	...{ backend: true, denials: true, tables: true, tracking: true, lists: true, mesh: true, interceptors: true },
};

test('every condition that status may have is in the table of conditions', () => {
	const table = sectionOf(page('docs/when-something-is-wrong.md'), 'What status says');
	const listed = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, subject]) => subject);
	assert.deepEqual(listed.toSorted(), Object.keys(subjects).toSorted());
});

test('every program that is known by its rules is in the table of programs', () => {
	const table =
		page('docs/other-programs.md')
			.text.match(/^\| .*$/gm)
			?.map((row) => row.split('|')[1] ?? '') ?? [];
	const missing = programs.filter(({ name }) => !table.some((cell) => cell.includes(name)));
	assert.deepEqual(
		missing.map(({ name }) => name),
		[],
	);
});

for (const [section, all] of [
	['Metrics', metrics],
	['Of turnout control', controlMetrics],
] as const)
	test(`every metric is in the table of metrics: ${section}`, () => {
		const table = sectionOf(page('docs/what-is-counted.md'), section);
		const listed = [...table.matchAll(/`(turnout_\w+)`/g)].map(([, name]) => name);
		assert.deepEqual(listed.toSorted(), all.map(({ name }) => name as string).toSorted());
	});

test('every request that the socket understands is in the table of requests', () => {
	const gets = [...Object.values(streams), METRICS_PATH].map((path) => `GET ${path}`);
	const requests = [...Object.values(paths).map(({ verb, path }) => `${verb} ${path}`), ...gets];
	const listed = [...page('docs/socket.md').text.matchAll(/^\| `([A-Z]+ \/[\w/]+)` \|/gm)].map(
		([, request]) => request,
	);
	assert.deepEqual(listed.toSorted(), requests.toSorted());
});

const members: Readonly<Record<keyof EnvoyStatus | EnvoyStatus['state'], true>> = {
	...{ runtime: true, state: true, version: true, id: true, container: true, image: true, since: true },
	...{ restarts: true, lastExit: true, listeners: true, retryMs: true, pull: true },
	...{ absent: true, pulling: true, starting: true, live: true, silent: true, draining: true, failed: true },
	unmanaged: true,
};

test("every state and member of Envoy's status is on the socket's page", () => {
	const status = sectionOf(page('docs/socket.md'), 'Status');
	const isNamed = (name: string) => new RegExp(`[\`".]${name}[\`"]`).test(status);
	assert.deepEqual(
		Object.keys(members).filter((name) => !isNamed(name)),
		[],
	);
});

test("every variable that Envoy's container is given is in the table of variables", () => {
	const own = Object.keys(variablesOfSettings({ logLevel: '', adminPort: 0, drainSeconds: 0 }));
	const whole = page('docs/envoy-variables.md');
	const [taken = ''] = whole.text.split(sectionOf(whole, 'Not taken over'));
	const listed = [...taken.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name = '']) => name);
	assert.deepEqual([...new Set(listed)].toSorted(), [...passThroughNames, ...own].toSorted());
});

test('what is read only at the start is said to be', () => {
	const before = readConfig({ env: {}, file: { values: new Map(), mistakes: [] }, flags: {} });
	const isRefused = (key: string): boolean => {
		const written = new Map([...before.written, [key, { text: 'another', origin: 'a test' }]]);
		try {
			planReload(before, { ...before, written }, false);
			return false;
		} catch {
			return true;
		}
	};
	const [said = ''] = /^\* `turnout reload` refuses a change of .*?\.$/ms.exec(page('docs/envoy.md').text) ?? [];
	const listed = [...said.matchAll(/`([\w.]+)`/g)].map(([, key = '']) => key);
	assert.deepEqual(listed.toSorted(), [...allSettings.keys()].filter(isRefused).toSorted());
});

test('the pauses between starts are those that the documentation tells', () => {
	const [, shortest = '', longest = ''] =
		/after (\d+) ms, then twice as long each time up to (\d+) s/.exec(page('docs/envoy.md').text) ?? [];
	assert.equal(Number(shortest), pauseMs(1, 0));
	assert.equal(Number(longest) * 1_000, pauseMs(1_000, 0));
});

/** Their names are members of the status. */
const aboutStatus = ['docs/socket.md', 'docs/what-is-counted.md'];

test("settings of Envoy's that the pages name are settings", () => {
	// Where they are named, `envoy.` is a member of the status.
	const codes = pages.filter(({ path }) => !aboutStatus.includes(path)).flatMap(codeOf);
	const named = codes.flatMap((code) => /^envoy\.\w+(?=$|:)/.exec(code) ?? []);
	assert.ok(named.length > 20);
	assert.deepEqual(
		named.filter((key) => !allSettings.has(key)),
		[],
	);
});

test('links to a part of a page lead to a heading', () => {
	for (const { path, text } of pages)
		for (const [, file = '', part = ''] of text.matchAll(/\]\(([\w/.-]*)#([\w-]+)\)/g)) {
			const target = file === '' ? path : join(path, '..', file);
			const headings = [...page(target).text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title));
			assert.ok(headings.includes(part), `${path}: ${target} has no heading #${part}`);
		}
});

test('JSON that is shown whole is JSON', () => {
	const objects = pages.flatMap(blocksOf).filter(({ language, text }) => language === 'json' && text.startsWith('{'));
	assert.ok(objects.length >= 3);
	for (const { text } of objects) assert.doesNotThrow(() => JSON.parse(text), text);
});

function page(path: string): Page {
	const found = pages.find((each) => each.path === path);
	assert.ok(found, path);
	return found;
}

/** From its heading to the next of its kind. */
function sectionOf({ path, text }: Page, title: string): string {
	const found = text.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
	assert.ok(found, `${path} has no part "${title}"`);
	return found;
}

/** As GitHub makes them. */
const anchorOf = (title: string): string =>
	title
		.toLowerCase()
		.replaceAll(/[^\w\s-]/g, '')
		.replaceAll(/\s/g, '-');
