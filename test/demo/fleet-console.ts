// The canary moved in the browser: the console of a control, in a Chromium without a screen on the operator's host.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBrowser, type Tab } from '../lab/services/browser.ts';
import type { Weights } from '../support/guide-commands.ts';
import type { FleetControl, FleetWorld } from './fleet-world.ts';

export interface Console {
	/** Signs in, opens the route, and writes the weights. */
	readonly prepare: (control: FleetControl, weights: Weights) => Promise<void>;
	/** Reviews the change, and saves it. */
	readonly save: () => Promise<void>;
}

export async function openConsole(stack: AsyncDisposableStack, world: FleetWorld): Promise<Console> {
	const browser = stack.use(await startBrowser(world.hostOf('operator').namespace, trusting(world)));
	let tab: Tab | undefined;
	return {
		async prepare({ url }, weights) {
			tab = await browser.openTab(url);
			await tab.open('#/mesh/simpleapp/edit/route/serviceB/serviceB-route');
			await tab.fill('Access key ID', world.key.accessKeyId);
			await tab.fill('Secret access key', world.key.secretAccessKey);
			await tab.press('Sign in');
			const editor = await tab.page.waitForSelector('textarea');
			const spec = await editor?.evaluate(({ value }) => value);
			await tab.fill('Spec in YAML', withWeights(spec ?? '', weights));
		},
		async save() {
			await tab?.press('Review change');
			await tab?.until('What is going to change');
			await tab?.press('Save');
			await tab?.until('is saved');
		},
	};
}

/** The word that has Chromium trust the controls' certificate and no other. */
function trusting({ folder }: FleetWorld): readonly string[] {
	const { publicKey } = new X509Certificate(readFileSync(join(folder, 'control.pem')));
	const key = publicKey.export({ type: 'spki', format: 'der' });
	return [`--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`];
}

function withWeights(spec: string, weights: Weights): string {
	const left = weights.map(String);
	return spec.replace(/(?<=weight: )\d+/g, () => left.shift() ?? '');
}
