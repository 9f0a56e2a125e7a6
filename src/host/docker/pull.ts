import { createInterface } from 'node:readline';
import type { Credentials, LayerProgress, Logins, PullProgress } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import { parseImage } from '../../values/image-reference.ts';
import { dockerFailure, isUnavailable, messageOf } from './docker-errors.ts';
import type { Engine } from './engine.ts';

export interface Pulling {
	readonly engine: Engine;
	readonly logins: Logins;
	readonly stallMs: number;
	readonly onProgress: (progress: PullProgress) => void;
}

/** Pauses before a pull is tried again after the network failed it. */
const PAUSES_MS: readonly number[] = [500, 2_000];

/** Pulls an image. Retries after network failures, and once with fresh credentials after they were refused. */
export async function pull(pulling: Pulling, image: string, signal: AbortSignal): Promise<void> {
	let isRefused = false;
	pulling.onProgress({ image, layers: [] });
	for (let attempt = 0; ; attempt += 1) {
		const error = await tryPull(pulling, image, isRefused, signal);
		if (error === undefined) return;
		signal.throwIfAborted();
		const isFirstRefusal = error.code === 'refused' && !isRefused;
		isRefused ||= error.code === 'refused';
		const pause = PAUSES_MS[attempt];
		if (isFirstRefusal && error.hadLogin) continue;
		if (error.code !== 'registry' || pause === undefined) throw error.failure;
		await new Promise((resolve) => setTimeout(resolve, pause));
	}
}

interface PullError {
	readonly code: 'refused' | 'registry' | 'final';
	readonly hadLogin: boolean;
	readonly failure: Failure;
}

async function tryPull(
	pulling: Pulling,
	image: string,
	isRefused: boolean,
	signal: AbortSignal,
): Promise<PullError | undefined> {
	const login = await pulling.logins.authFor(image, isRefused, signal);
	const stall = createStall(pulling.stallMs, signal);
	try {
		const message = await follow(pulling, image, login, stall);
		return message === undefined ? undefined : { ...classify(image, message), hadLogin: login !== undefined };
	} catch (error) {
		const { engine, stallMs } = pulling;
		// It may be Docker itself that hangs.
		const cause = stall.isOver() ? await engine.ping().catch((error) => error) : error;
		if (cause === undefined) return { code: 'registry', hadLogin: false, failure: stalled(image, stallMs) };
		if (!isUnavailable(cause)) return { ...classify(image, messageOf(cause)), hadLogin: login !== undefined };
		return { code: 'final', hadLogin: false, failure: dockerFailure(`pull ${image}`, engine.socket, cause) };
	} finally {
		stall[Symbol.dispose]();
	}
}

/** Follows one pull. Resolves to Docker's error; undefined once it is done. */
async function follow(
	{ engine, onProgress }: Pulling,
	image: string,
	login: Credentials | undefined,
	stall: Stall,
): Promise<string | undefined> {
	const stream = await engine.pull(withTag(image), login, stall.signal);
	const lines = createInterface({ input: stream });
	let lost: unknown;
	// readline passes on its stream's errors, also after we stopped reading; without a listener they would end this process.
	lines.on('error', (error) => {
		lost = error;
	});
	const layers = new Map<string, LayerProgress>();
	let isDone = false;
	for await (const text of lines) {
		stall.progress();
		const line = JSON.parse(text) as PullLine;
		if (line.error !== undefined) return line.error;
		isDone ||= /^(Status|Digest):/.test(line.status ?? '');
		if (addLayer(layers, line)) onProgress({ image, layers: [...layers.values()] });
	}
	if (!isDone) throw lost ?? new Error('it stopped in the middle of the pull');
	return undefined;
}

/** Without a tag Docker would pull all of them. */
function withTag(image: string): string {
	const { tag, digest } = parseImage(image);
	return digest !== '' || image.endsWith(`:${tag}`) ? image : `${image}:${tag}`;
}

/** Whether the line was about a layer. In the first line the id is the tag. */
function addLayer(layers: Map<string, LayerProgress>, { id, status = '', progressDetail }: PullLine): boolean {
	if (id === undefined || status.startsWith('Pulling from')) return false;
	const { current = 0, total = 0 } = { ...layers.get(id), ...progressDetail };
	layers.set(id, { id, status, current: isWhole(status) ? total : current, total });
	return true;
}

interface PullLine {
	readonly error?: string;
	readonly id?: string;
	readonly status?: string;
	readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

const isWhole = (status: string): boolean => /^(Download complete|Pull complete|Already exists)$/.test(status);

interface Stall extends Disposable {
	readonly signal: AbortSignal;
	readonly progress: () => void;
	readonly isOver: () => boolean;
}

/** Aborts after so long without progress. */
function createStall(ms: number, outer: AbortSignal): Stall {
	const own = new AbortController();
	const timer = setTimeout(() => own.abort(new Error('no progress')), ms);
	return {
		signal: AbortSignal.any([outer, own.signal]),
		progress: () => void timer.refresh(),
		isOver: () => own.signal.aborted,
		[Symbol.dispose]: () => clearTimeout(timer),
	};
}

const stalled = (image: string, ms: number): Failure =>
	new Failure(
		'registry',
		`Cannot pull ${image}: its registry has sent nothing for ${ms / 1_000} s`,
		'See whether the registry can be reached from this host, or give it more time with envoy.pullStallSeconds',
	);

/** Messages of registries, which Docker passes on (errcode of distribution), and Docker's own. */
const kinds: readonly (readonly [RegExp, PullError['code'], string])[] = [
	[/no matching manifest|does not match the specified platform/i, 'final', 'Use an image for this kind of processor'],
	[/no space left on device/i, 'final', 'Free some space where Docker keeps its images (docker system df)'],
	[
		/no basic auth credentials|unauthorized|denied|authentication required|authorization token|forbidden/i,
		'refused',
		'For ECR let the instance role pull (ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer); for others: docker login, as the user that turnout runs as',
	],
	[
		/manifest unknown|not found|name unknown|repository name not known|does not exist|invalid reference/i,
		'final',
		'See envoy.image (TURNOUT_ENVOY_IMAGE): registry, repository and tag',
	],
];

function classify(image: string, message: string): Pick<PullError, 'code' | 'failure'> {
	const [, code = 'registry', remedy = 'See whether the registry can be reached from this host; it is tried again'] =
		kinds.find(([pattern]) => pattern.test(message)) ?? [];
	const failureCode = code === 'registry' ? 'registry' : 'image';
	return { code, failure: new Failure(failureCode, `Cannot pull ${image}: ${oneLine(message)}`, remedy) };
}
