// What in the documentation repeats the code, and so is made from it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrapText, passThroughBootstrap } from '../../src/envoy/bootstrap.ts';
import { loadDefaults } from './defaults.ts';
import { renderSample } from './sample.ts';
import { renderSchema } from './schema.ts';
import { renderCommands, renderOperations, renderSettings } from './tables.ts';

export interface Part {
	/** Below the repository's root. */
	readonly path: string;
	/** The whole file, as it should be. */
	readonly text: string;
}

export const root = join(import.meta.dirname, '../..');

const CONTROL = 'docs/control.md';

export async function renderParts(): Promise<readonly Part[]> {
	return [
		{ path: 'README.md', text: await renderReadme() },
		{ path: CONTROL, text: replace(readFileSync(join(root, CONTROL), 'utf8'), 'operations', renderOperations()) },
		{ path: 'systemd/turnout.yaml', text: renderSample() },
		{ path: 'systemd/envoy.json', text: renderEnvoy() },
		{ path: 'docs/settings.schema.json', text: renderSchema() },
	];
}

async function renderReadme(): Promise<string> {
	const former = readFileSync(join(root, 'README.md'), 'utf8');
	return replace(replace(former, 'commands', await renderCommands()), 'settings', renderSettings());
}

/** Between its two marks, whatever stands there. */
function replace(text: string, name: string, made: string): string {
	const [begin, end] = [`<!-- ${name}: made by scripts/tables -->\n`, `<!-- end of ${name} -->`];
	const [from, to] = [text.indexOf(begin), text.indexOf(end)];
	if (from === -1 || to === -1) throw new Error(`there is no place for ${name}`);
	return text.slice(0, from + begin.length) + made + text.slice(to);
}

/** The bootstrap that turnout makes for itself, for whoever runs Envoy with all settings at their defaults. */
function renderEnvoy(): string {
	const { ingressPort, egressPort } = loadDefaults();
	return bootstrapText(passThroughBootstrap({ ingressPort, egressPort, hasIpv6: true, capturesBridges: false }));
}
