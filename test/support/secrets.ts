// A search for secrets in all that turnout prints, passes on and writes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Search extends Disposable {
	/** Searches this text too; `where` names it in a finding. */
	readonly add: (where: string, text: string) => void;
	/** Each file below a folder, by its name too. */
	readonly addFolder: (path: string) => void;
	/** Where any of the secrets was seen, in whatever form: ["log: the token"]. */
	readonly findings: () => readonly string[];
	readonly places: () => readonly string[];
}

const LOOK_MS = 25;

/** From now on the arguments of all processes are polled. `secrets`: by their names. */
export function startSearch(secrets: Readonly<Record<string, string>>): Search {
	const seen = new Set<string>();
	const places = new Set<string>();
	const add = (where: string, text: string): void => {
		if (text !== '') places.add(where);
		for (const [what, secret] of Object.entries(secrets))
			if (formsOf(secret).some((form) => text.includes(form))) seen.add(`${where}: ${what}`);
	};
	const lookAtProcesses = (): void => {
		for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
			add('the arguments of a process', readIfThere(`/proc/${pid}/cmdline`));
	};
	lookAtProcesses();
	const timer = setInterval(lookAtProcesses, LOOK_MS);
	return {
		add,
		addFolder(path) {
			for (const entry of readdirSync(path, { recursive: true, withFileTypes: true }))
				if (entry.isFile())
					add('a file', `${entry.name}\n${readFileSync(join(entry.parentPath, entry.name), 'latin1')}`);
		},
		findings: () => [...seen].sort(),
		places: () => [...places].sort(),
		[Symbol.dispose]: () => clearInterval(timer),
	};
}

/** As it is, as an address or JSON spells it, and inside anything that is base64: a login, a header. */
function formsOf(secret: string): readonly string[] {
	assert.ok(secret.length >= 8, 'too short to be told from other text');
	const plain = [secret, JSON.stringify(secret).slice(1, -1)];
	const encoded = plain.flatMap((text) => [0, 1, 2].map((offset) => insideBase64(text, offset)));
	const addresses = encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
	return [...plain, encodeURIComponent(secret), ...encoded, ...addresses];
}

/** What of the base64 of a longer text depends on the secret alone, where that begins `offset` bytes after a group of three. */
function insideBase64(secret: string, offset: number): string {
	const text = Buffer.from(`${'x'.repeat(offset)}${secret}`).toString('base64');
	const whole = Math.floor(((secret.length + offset) * 8) / 6);
	return text.slice([0, 2, 3][offset], whole);
}

/** One that has ended in the meantime has none. */
export function readIfThere(path: string): string {
	try {
		return readFileSync(path, 'utf8').replaceAll('\0', ' ');
	} catch {
		return '';
	}
}
