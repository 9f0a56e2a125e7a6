// PURE. systemd/turnout.yaml: every setting, commented out, at its default.

import type { Setting } from '../../src/config/formats.ts';
import { allSettings } from '../../src/config/names.ts';

const HEAD = `# Settings of turnout. Copy this to /etc/turnout/turnout.yaml and remove the # before the settings that you change.
# The values here are the defaults. A list is "8080,9000-9100" or a YAML list. Variables and flags override this file.
# To check it: turnout config check /etc/turnout/turnout.yaml
`;

const WIDTH = 116;

export const renderSample = (): string => HEAD + [...allSettings].map(renderEntry).join('');

function renderEntry([key, setting]: readonly [string, Setting<unknown>], at: number): string {
	const [section, inner] = key.includes('.') ? key.split('.') : [undefined, key];
	const former = [...allSettings.keys()][at - 1] ?? '';
	const head = section === undefined || former.startsWith(`${section}.`) ? '' : `\n${section}:`;
	const indent = section === undefined ? '' : '  ';
	const { doc, allowed, variable, default: standard } = setting;
	const told = [doc, `Allowed: ${allowed} (${variable})`].flatMap((text) => wrapped(text, WIDTH - indent.length));
	const lines = [...told.map((line) => `# ${line}`), `#${inner}:${standard === '' ? '' : ` ${spelt(standard)}`}`];
	return `${head}\n${lines.map((line) => `${indent}${line}\n`).join('')}`;
}

function wrapped(text: string, width: number): string[] {
	return text.match(new RegExp(`.{1,${width}}(?= |$)`, 'g'))?.map((line) => line.trim()) ?? [];
}

/** YAML takes a bare * for an alias; everything else that is a default here is itself. */
const spelt = (text: string): string => (/^[\w./:,+-]+$/.test(text) ? text : JSON.stringify(text));
