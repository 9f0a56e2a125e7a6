// Debian's Chromium in a network namespace, as somebody uses it: by names of fields and buttons, or by keys alone.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import type { Namespace } from '../net/namespace.ts';
import { createScratch } from '../net/scratch.ts';

export type Look = 'light' | 'dark' | 'narrow';

export interface Tab {
	readonly page: Page;
	readonly open: (hash: string) => Promise<void>;
	/** By the text of its label. */
	readonly fill: (label: string, text: string) => Promise<void>;
	/** A link or a button, by its name. */
	readonly press: (name: string) => Promise<void>;
	/** What is read on the page. */
	readonly text: () => Promise<string>;
	readonly until: (text: string | RegExp) => Promise<void>;
	/** What axe finds; takes a picture of it where TEST_SHOTS names a folder. */
	readonly inspect: (name: string, looks?: readonly Look[]) => Promise<readonly string[]>;
	/** What the browser has complained of: errors, and what the page's policy did not let it do. */
	readonly complaints: readonly string[];
}

/** `words`: more of Chromium's own. */
export async function startBrowser(host: Namespace, words: readonly string[] = []) {
	const stack = new AsyncDisposableStack();
	const { path: profile } = stack.use(createScratch('browser'));
	const browser = await puppeteer.launch({
		executablePath: '/usr/bin/nsenter',
		ignoreDefaultArgs: true,
		args: [
			...[
				`--net=${host.path}`,
				'--',
				'chromium',
				...(await puppeteer.defaultArgs({ headless: true, userDataDir: profile })),
			],
			// As root it does not start with one; what it loads is ours.
			...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...words],
		],
		pipe: true,
		env: {
			...process.env,
			HOME: profile,
			XDG_CONFIG_HOME: profile,
			XDG_CACHE_HOME: profile,
			// What it would leave in /tmp where it is killed goes with its folder, or with the one around that.
			TMPDIR: [profile, dirname(profile)].find((folder) => join(folder, SOCKET).length <= LONGEST_SOCKET),
			TZ: 'UTC',
		},
	});
	stack.defer(() => browser.close());
	return { openTab: (origin: string) => openTab(browser, origin), [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Where Chromium listens in its TMPDIR. */
const SOCKET = 'org.chromium.Chromium.XXXXXX/SingletonSocket';
/** In bytes (unix(7)). */
const LONGEST_SOCKET = 107;

/** With cookies of its own. */
async function openTab(browser: Browser, origin: string): Promise<Tab> {
	const context = await browser.createBrowserContext();
	const page = await context.newPage();
	const complaints: string[] = [];
	page.on('console', (message) => {
		if (message.type() === 'error' || message.type() === 'warn') complaints.push(message.text());
	});
	page.on('pageerror', (error) => void complaints.push(String(error)));
	await page.setViewport(wide);
	const text = async () => String(await page.evaluate('document.body.innerText'));
	const until = async (wanted: string | RegExp): Promise<void> => {
		const is = (found: string) => (typeof wanted === 'string' ? found.includes(wanted) : wanted.test(found));
		const deadlineMs = performance.now() + 20_000;
		let found = '';
		while (performance.now() < deadlineMs) {
			found = await text().catch(() => '');
			if (is(found)) return;
			await sleep(50);
		}
		throw new Error(`the page never says ${wanted}, but:\n${found}`);
	};
	return {
		...{ page, complaints, text, until },
		async open(hash) {
			await page.goto(`${origin}/console/${hash}`);
			await page.waitForSelector('h1');
		},
		async fill(label, value) {
			const field = await page.locator(`:is(input, textarea, select)::-p-aria([name="${label}"])`).waitHandle();
			await field.focus();
			await page.keyboard.down('Control');
			await page.keyboard.press('KeyA');
			await page.keyboard.up('Control');
			if (value === '') await page.keyboard.press('Backspace');
			else await page.keyboard.sendCharacter(value);
		},
		press: (name) => page.locator(`:is(a, button, summary)::-p-aria([name="${name}"])`).setTimeout(10_000).click(),
		inspect: (name, looks = ['light', 'dark', 'narrow']) => inspect(page, name, looks),
	};
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeResult {
	readonly violations: readonly {
		readonly id: string;
		readonly nodes: readonly { readonly html: string }[];
	}[];
}

async function inspect(page: Page, name: string, looks: readonly Look[]): Promise<readonly string[]> {
	const found: string[] = [];
	for (const look of looks) {
		await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: look === 'dark' ? 'dark' : 'light' }]);
		await page.setViewport(look === 'narrow' ? { width: 390, height: 844 } : wide);
		await shoot(page, `${name}-${look}`);
		found.push(...(await findings(page)).map((finding) => `${name} ${look}: ${finding}`));
	}
	await page.setViewport(wide);
	return found;
}

const wide = { width: 1280, height: 900 };

async function findings(page: Page): Promise<readonly string[]> {
	await page.evaluate(axe);
	const { violations } = (await page.evaluate('axe.run()')) as AxeResult;
	const isWider = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
	return [
		...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
		...(isWider ? ['it has to be scrolled sideways'] : []),
	];
}

async function shoot(page: Page, name: string): Promise<void> {
	const folder = process.env['TEST_SHOTS'];
	if (folder === undefined) return;
	mkdirSync(folder, { recursive: true });
	await page.screenshot({ path: join(folder, `${name}.png`) as `${string}.png`, fullPage: true });
}
