import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { State, StateStore, WriteFailure } from '../../daemon/stores.ts';
import { Failure } from '../../failure.ts';
import { draftOf, publishDraft, writeDraft, writeDurably } from '../../lib/atomic-write.ts';
import { describeFsError } from '../../lib/fs.ts';
import { parseImage } from '../../values/image-reference.ts';

/** What outlives the daemon, in one JSON file that is replaced as a whole. */
export function createStateStore(directory: string): StateStore {
	const path = join(directory, 'state.json');
	let publishing = Promise.resolve<WriteFailure | undefined>(undefined);
	let last = {};
	// What the kernel could not write once it believes to have written the next time.
	let isDoubtful = false;
	const publish = (draft: object) =>
		publishDraft(path, () => last === draft).then(
			() => undefined,
			(cause: unknown) => {
				if (last !== draft) return undefined;
				isDoubtful = true;
				return unwritten(path, cause);
			},
		);
	return {
		read: () => readState(path),
		write(state) {
			const text = `${JSON.stringify(state)}\n`;
			// Then a full disk is no matter.
			if (!isDoubtful && readPlain(path).text === text && !existsSync(draftOf(path))) return undefined;
			try {
				writeDraft(path, text, 0o600);
			} catch (cause) {
				return unwritten(path, cause);
			}
			isDoubtful = false;
			last = {};
			publishing = publish(last);
			return undefined;
		},
		published: () => publishing,
	};
}

/** A draft is newer than what it was to replace. One that is no state was never whole on the disk. */
function readState(path: string): ReturnType<StateStore['read']> {
	const draft = readPlain(draftOf(path)).text;
	const newer = draft === undefined ? '' : stateIn(draft);
	if (typeof newer !== 'string') return { state: newer, broken: '' };
	const { text, why } = readPlain(path);
	const state = text === undefined ? why : stateIn(text);
	if (state === '') return { state: {}, broken: '' };
	if (typeof state !== 'string') return { state, broken: '' };
	return { state: {}, broken: `${path} could not be used (${state}) and ${setAside(path)}` };
}

/** Ours has some 200 bytes. */
const LARGEST = 64 * 1024;

/** The text, or why there is none: '' where there is no such file. */
function readPlain(path: string): { readonly text?: string; readonly why: string } {
	try {
		const stats = statSync(path, { throwIfNoEntry: false });
		if (stats === undefined) return { why: '' };
		// Anything else might have no end, or nobody who writes into it.
		if (!stats.isFile()) return { why: 'it is no file' };
		if (stats.size > LARGEST) return { why: 'it is over 64 KiB' };
		return { text: readFileSync(path, 'utf8'), why: '' };
	} catch (cause) {
		return { why: describeFsError(cause) };
	}
}

/** Or what is wrong with it. As a whole: half a state may be worse than none. */
function stateIn(text: string): State | string {
	const value = parsed(text);
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
	const known = Object.entries(members).filter(([name]) => Object.hasOwn(value, name));
	const wrong = known.find(([name, allows]) => !allows((value as Record<string, unknown>)[name]));
	if (wrong !== undefined) return `its "${wrong[0]}" is nothing that turnout writes`;
	return Object.fromEntries(known.map(([name]) => [name, (value as Record<string, unknown>)[name]]));
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** Others, from a later version of us, are passed over. */
const members: Readonly<Record<keyof State, (value: unknown) => boolean>> = {
	wanted: (value) => value === 'enabled' || value === 'disabled',
	since: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
	dialect: (value) => value === 'iptables-nft' || value === 'iptables-legacy',
	image(value) {
		const { chosen, settings } = (value ?? {}) as Record<string, unknown>;
		return typeof settings === 'string' && typeof chosen === 'string' && isImage(chosen);
	},
};

function isImage(text: string): boolean {
	try {
		return parseImage(text) !== undefined;
	} catch {
		return false;
	}
}

/** The last one of them is kept, for whoever wants to know what happened to it. */
function setAside(path: string): string {
	const aside = `${path}.broken`;
	try {
		rmSync(aside, { recursive: true, force: true });
		renameSync(path, aside);
		return `was set aside as ${aside}`;
	} catch (cause) {
		return `could not be set aside: ${describeFsError(cause)}`;
	}
}

/** On the disk when this returns. Not at all where it is there already: then a full disk is no matter. */
export function writeOrFail(path: string, text: string, mode: number): void {
	if (readPlain(path).text === text) return;
	try {
		writeDurably(path, text, mode);
	} catch (cause) {
		throw unwritten(path, cause).failure;
	}
}

/** What time or an administrator's broom may heal; all else is how the host is set up (errno(3)). */
const passing = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM'];

function unwritten(path: string, cause: unknown): WriteFailure {
	const failure = new Failure('state', `Cannot write ${path}: ${describeFsError(cause)}`, REMEDY, cause);
	return { failure, isTransient: passing.includes((cause as NodeJS.ErrnoException).code ?? '') };
}

const REMEDY = 'Make it writable, free some space, or set stateDirectory (TURNOUT_STATE_DIRECTORY) to another folder';
