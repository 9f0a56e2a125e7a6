import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { State, StateStore, WriteFailure } from '../../daemon/stores.ts';
import { Failure } from '../../failure.ts';
import { draftOf, publishDraft, writeDraft, writeDurably } from '../../lib/atomic-write.ts';
import { describeFsError } from '../../lib/fs.ts';
import { dialects } from '../../values/dialects.ts';
import { parseImage } from '../../values/image-reference.ts';

/** The daemon's persistent state: one JSON file that is replaced atomically. */
export function createStateStore(directory: string): StateStore {
	const path = join(directory, 'state.json');
	let publishing = Promise.resolve<WriteFailure | undefined>(undefined);
	let last = {};
	// After a failed fsync the kernel may take the lost pages for written: write them again.
	let isDoubtful = false;
	const publish = (draft: object) =>
		publishDraft(path, () => last === draft).then(
			() => undefined,
			(cause: unknown) => {
				if (last !== draft) return undefined;
				isDoubtful = true;
				return writeFailure(path, cause);
			},
		);
	return {
		read: () => readState(path),
		write(state) {
			const text = `${JSON.stringify(state)}\n`;
			// Nothing to write: a full disk does not matter.
			if (!isDoubtful && readPlain(path).text === text && !existsSync(draftOf(path))) return undefined;
			try {
				writeDraft(path, text, 0o600);
			} catch (cause) {
				return writeFailure(path, cause);
			}
			isDoubtful = false;
			last = {};
			publishing = publish(last);
			return undefined;
		},
		published: () => publishing,
	};
}

/** What is in the folder, and why state.json cannot be used; '' where it can, or there is none. Changes nothing. */
export function readStateOf(directory: string): { readonly state: State; readonly broken: string } {
	return inspectState(join(directory, 'state.json'));
}

/** A draft is newer than the file that it was to replace. An invalid one was never written completely. */
function inspectState(path: string): ReturnType<typeof readStateOf> {
	const draft = readPlain(draftOf(path)).text;
	const newer = draft === undefined ? '' : stateIn(draft);
	if (typeof newer !== 'string') return { state: newer, broken: '' };
	const { text, why } = readPlain(path);
	const state = text === undefined ? why : stateIn(text);
	return typeof state === 'string' ? { state: {}, broken: state } : { state, broken: '' };
}

function readState(path: string): ReturnType<StateStore['read']> {
	const found = inspectState(path);
	if (found.broken === '') return found;
	return { ...found, broken: `${path} could not be used (${found.broken}) and ${setAside(path)}` };
}

/** Ours takes some 200 bytes. */
const LARGEST = 64 * 1024;

/** The text, or why there is none: '' where there is no such file. */
function readPlain(path: string): { readonly text?: string; readonly why: string } {
	try {
		const stats = statSync(path, { throwIfNoEntry: false });
		if (stats === undefined) return { why: '' };
		// A device or a pipe may never end.
		if (!stats.isFile()) return { why: 'it is not a regular file' };
		if (stats.size > LARGEST) return { why: 'it is over 64 KiB' };
		return { text: readFileSync(path, 'utf8'), why: '' };
	} catch (cause) {
		return { why: describeFsError(cause) };
	}
}

/** The state, or what is wrong with it. All or nothing: half a state may be worse than none. */
function stateIn(text: string): State | string {
	const value = parsed(text);
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is not a JSON object';
	const known = Object.entries(members).filter(([name]) => Object.hasOwn(value, name));
	const wrong = known.find(([name, allows]) => !allows((value as Record<string, unknown>)[name]));
	if (wrong !== undefined) return `its "${wrong[0]}" has a value that turnout never writes`;
	return Object.fromEntries(known.map(([name]) => [name, (value as Record<string, unknown>)[name]]));
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** Unknown members, from a later version, are ignored. */
const members: Readonly<Record<keyof State, (value: unknown) => boolean>> = {
	wanted: (value) => value === 'enabled' || value === 'disabled',
	since: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
	dialect: (value) => dialects.some((known) => known === value),
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

/** Keeps the last broken file for inspection. */
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

/** Writes durably. Does nothing if the file has this text already: then a full disk does not matter. */
export function writeOrFail(path: string, text: string, mode: number): void {
	if (readPlain(path).text === text) return;
	try {
		writeDurably(path, text, mode);
	} catch (cause) {
		throw writeFailure(path, cause).failure;
	}
}

/** Errors that time, or free space, may cure; all others are how the host is set up (errno(3)). */
const transient = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM'];

function writeFailure(path: string, cause: unknown): WriteFailure {
	const failure = new Failure('state', `Cannot write ${path}: ${describeFsError(cause)}`, REMEDY, cause);
	return { failure, isTransient: transient.includes((cause as NodeJS.ErrnoException).code ?? '') };
}

const REMEDY = 'Make it writable, free some space, or set stateDirectory (TURNOUT_STATE_DIRECTORY) to another folder';
