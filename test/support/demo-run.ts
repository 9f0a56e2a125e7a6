// The demo as its visitor runs it, and what is left of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listNamespaces } from '../lab/net/namespace.ts';
import { openTerminal, type Terminal } from './terminal.ts';

export const demo = join(import.meta.dirname, '../../scripts/demo');

/** By a variable that all its processes inherit, whatever their session. */
export const markOf = (role: string) => ({ DEMO_TEST: `${process.pid}-${role}` });

/** At the end the terminal tells its settings: it must echo again what is typed. */
export function startOnTerminal(role: string, args: string, first: string): Terminal {
	const command = `${first}; ${demo} ${args}; code=$?; stty -a; exit $code`;
	return openTerminal({ spawn: (file, words, options = {}) => spawn(file, words, options) }, command, markOf(role));
}

export function pidOf(role: string): number {
	const pid = processesOf(role).find((one) => read(one, 'cmdline').includes('test/demo/main.ts'));
	assert.ok(pid !== undefined, 'the demo does not run');
	return pid;
}

function processesOf(role: string): number[] {
	const mark = `DEMO_TEST=${markOf(role).DEMO_TEST}\0`;
	const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
	return pids.map(Number).filter((pid) => read(pid, 'environ').includes(mark));
}

function read(pid: number, name: string): string {
	try {
		return readFileSync(`/proc/${pid}/${name}`, 'utf8');
	} catch {
		return '';
	}
}

/** Processes, namespaces, folders, cgroups and mounts of a demo that has, or had, this pid. */
export function remainsOf(role: string, pid: number): string[] {
	const isOurs = (text: string) => text.includes(`turnout-${pid}-`);
	return [
		...processesOf(role).map((one) => `${one}: ${read(one, 'cmdline')}`),
		...listNamespaces().filter(isOurs),
		...readdirSync(tmpdir()).filter(isOurs),
		...globSync(`/sys/fs/cgroup/{,*/}turnout-${pid}-*`),
		...readFileSync('/proc/mounts', 'utf8').split('\n').filter(isOurs),
	];
}
