import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../lib/clock.ts';
import { quote } from '../lib/escape.ts';
import { createMutex } from '../lib/mutex.ts';
import type { Log } from '../log.ts';
import type { ResourceKey } from '../mesh/resource.ts';
import { pluralOf } from '../mesh/schema/collections.ts';
import { parentOf } from '../mesh/schema/kinds.ts';
import type { Entry, Receipt, Store } from '../store/store.ts';
import { ApiFailure } from './api-failure.ts';
import { arnOf } from './arn.ts';
import { type Audit, createAudit } from './audit.ts';
import type { Principal } from './authorise.ts';
import { changedPaths } from './changed-parts.ts';
import { toldLine } from './check-in-mesh.ts';
import { checkInput, type Input, keyOf, refuseSharing } from './check-input.ts';
import { askedOf, replyKept } from './client-tokens.ts';
import type { Found } from './find-operation.ts';
import type { History } from './history.ts';
import { pageOf } from './page.ts';
import {
	type Change,
	findByArn,
	planCreate,
	planDelete,
	planTags,
	planUpdate,
	type Rules,
	withTags,
} from './plan-change.ts';
import { describedAs, listedAs, recordedAs } from './replies.ts';
import type { RequestCounts } from './request-counts.ts';
import { createView, type View } from './view.ts';

export interface ApiContext extends Rules {
	readonly store: Store;
	/** Has each change before it is acknowledged. */
	readonly history: History;
	readonly log: Log;
	readonly requests: RequestCounts;
	readonly clock: Clock;
}

export interface Call {
	readonly found: Found;
	/** Parsed, and not looked at yet. */
	readonly body: unknown;
	readonly principal: Principal;
	/** The one that is to be changed, and no later one; undefined: whatever is there. */
	readonly ifRevision: string | undefined;
}

/** Carries out what is asked for. Throws an ApiFailure where it cannot. */
export type Api = (call: Call) => Promise<object>;

/** Changes run one after the other, so that more would only wait for longer than their clients do. */
const MOST_WAITING = 64;
/**
 * How often a change is tried where somebody else was faster. Of two programs that write all the time one loses every second
 * time; of five, four times in five.
 */
const MOST_TRIES = 60;
/** At random within it, so that two do not meet again. */
const LONGEST_PAUSE_MS = 10;
/** In all. Clients wait for a minute. */
const PATIENCE_MS = 20_000;
/** The most that a page has, as the API bounds them. */
const PAGE = 100;
const PAGE_OF_TAGS = 50;

export function createApi(context: ApiContext): Api {
	const inTurn = createMutex();
	const audit = createAudit(context.history, context.log);
	let waiting = 0;
	return async (call) => {
		const input = checkInput(call.found, call.body);
		refuseSharing(call.found.query.meshOwner, context.owner.account);
		if (call.found.operation.method === 'GET') return answer(context, call);
		if (waiting >= MOST_WAITING)
			throw new ApiFailure(
				'TooManyRequestsException',
				`${waiting} changes are waiting already`,
				'try again in a moment',
			);
		waiting += 1;
		return inTurn(() => change({ ...context, audit }, call, input)).finally(() => {
			waiting -= 1;
		});
	};
}

/** What it is done to, for policies. A list of meshes is of none. */
export function resourceOf(
	{ owner }: Pick<Rules, 'owner'>,
	{ operation: { act }, names, query }: Found,
	body: unknown,
): string {
	if (!('kind' in act)) return query.resourceArn ?? '';
	const key = keyOf(act.kind, names, body);
	if (act.verb !== 'list') return arnOf(owner, key);
	const outer = parentOf[act.kind];
	if (act.kind === 'mesh') return '*';
	return arnOf(
		owner,
		outer === undefined ? meshOf(key) : { kind: outer, mesh: key.mesh, parent: '', name: key.parent },
	);
}

const meshOf = ({ mesh }: ResourceKey): ResourceKey => ({ kind: 'mesh', mesh, parent: '', name: mesh });

async function answer(context: ApiContext, { found, body }: Call): Promise<object> {
	const { store, owner } = context;
	const { operation, names, query } = found;
	const { act } = operation;
	if ('kind' in act && act.verb === 'describe') return describe(context, keyOf(act.kind, names, body));
	const view = createView((await store.list()).entries);
	if (!('kind' in act)) {
		const { tags } = findByArn(owner, view, query.resourceArn ?? '');
		return pageReply(
			'tags',
			pageOf(tags, ({ key }) => key, query, PAGE_OF_TAGS),
		);
	}
	const key = keyOf(act.kind, names, body);
	view.requireOuter(key);
	const page = pageOf(siblingsOf(view, key), ({ resource }) => resource.name, query, PAGE);
	return pageReply(pluralOf(act.kind), { ...page, items: page.items.map((each) => listedAs(owner, each)) });
}

async function describe({ store, owner }: ApiContext, key: ResourceKey): Promise<object> {
	const found = (await store.get(key)) ?? createView((await store.list()).entries).get(key);
	return describedAs(owner, found, 'ACTIVE');
}

const siblingsOf = ({ entries }: View, { kind, mesh, parent }: ResourceKey): Entry[] =>
	entries.filter(
		({ resource }) =>
			resource.kind === kind && (kind === 'mesh' || (resource.mesh === mesh && resource.parent === parent)),
	);

const pageReply = (
	key: string,
	{ items, nextToken }: { readonly items: readonly unknown[]; readonly nextToken: string | undefined },
) => ({
	[key]: items,
	...(nextToken === undefined ? {} : { nextToken }),
});

interface ChangeContext extends ApiContext {
	readonly audit: Audit;
}

/** Reads, judges and writes; again where somebody else was faster. */
async function change(context: ChangeContext, call: Call, input: Input): Promise<object> {
	const { found, body, principal } = call;
	const token = input.clientToken && `${principal.name} ${input.clientToken}`;
	const asked = askedOf(token, [found.operation.name, found.names, found.query, body]);
	const startedMs = performance.now();
	await context.audit.require();
	for (let tries = 0; tries < MOST_TRIES && performance.now() - startedMs < PATIENCE_MS; tries += 1) {
		if (tries > 0) await sleep(Math.random() * LONGEST_PAUSE_MS);
		const reply = await tryChange(context, call, input, asked);
		if (reply !== undefined) return reply;
	}
	throw new ApiFailure('ServiceUnavailableException', 'somebody else keeps changing it', 'try again');
}

/** Undefined: somebody else was faster. */
async function tryChange(
	context: ChangeContext,
	call: Call,
	input: Input,
	asked: Pick<Receipt, 'token' | 'asked'> | undefined,
): Promise<object | undefined> {
	const { store, owner } = context;
	const [{ entries, revision: seen }, receipt] = await Promise.all([
		store.list(),
		asked && store.receiptOf(asked.token),
	]);
	const kept = asked && replyKept(receipt, asked);
	if (kept !== undefined) return kept;
	const planned = planFor(context, createView(entries), call, input);
	const { put, former, key } = planned;
	if (call.ifRevision !== undefined && call.ifRevision !== former?.revision) throw changedMeanwhile(key);
	const reply = replyTo(context, call, planned);
	const along = { seen, receipt: asked && { ...asked, reply: JSON.stringify(reply) } };
	const outcome = await (put === undefined
		? store.remove(key, former?.revision ?? '', along)
		: store.put(put, former?.revision, along));
	if (outcome === 'outdated') return undefined;
	if (outcome !== 'done')
		throw new ApiFailure('ForbiddenException', `${arnOf(owner, key)} cannot be changed here`, outcome.fixed);
	await tellChange(context, call, planned);
	return reply;
}

const changedMeanwhile = ({ kind, name }: ResourceKey): ApiFailure =>
	new ApiFailure('ConflictException', `somebody else has changed ${kind} ${quote(name)} meanwhile`, 'look at it again');

function planFor(context: ApiContext, view: View, { found, body }: Call, input: Input): Change {
	const {
		operation: { act },
		names,
		query,
	} = found;
	if (!('kind' in act)) {
		const gone = new Set(input.tagKeys);
		return planTags(context, view, query.resourceArn ?? '', (tags) =>
			act.verb === 'tag' ? withTags(tags, input.tags) : tags.filter(({ key }) => !gone.has(key)),
		);
	}
	const key = keyOf(act.kind, names, body);
	if (act.verb === 'delete') return planDelete(view, key);
	return act.verb === 'create' ? planCreate(context, view, key, input) : planUpdate(context, view, key, input);
}

/** Every change is recorded and told, by whom, and what it has broken. */
async function tellChange(
	{ owner, log, audit, clock }: ChangeContext,
	{ found, principal }: Call,
	{ put, former, key, mistakes }: Change,
): Promise<void> {
	const { name } = found.operation;
	const event = {
		...{ operation: name, resource: arnOf(owner, key), by: principal.name, version: put?.metadata.version },
		...{ before: former && recordedAs(owner, former), after: put && recordedAs(owner, put) },
	};
	const { before: _, after: __, ...shown } = event;
	const changed = changedPaths(event);
	log('info', 'resource changed', { ...shown, ...(changed === '' ? {} : { changed }) });
	for (const each of mistakes)
		log('warn', 'the mesh does not hold together', { since: name, resource: event.resource, mistake: toldLine(each) });
	await audit.record({ at: new Date(clock.dateMs()).toISOString(), ...event });
}

function replyTo({ owner }: ApiContext, { found }: Call, { put, former }: Change): object {
	if (!('kind' in found.operation.act)) return {};
	const shown = put ?? former;
	return shown === undefined ? {} : describedAs(owner, shown, put === undefined ? 'DELETED' : 'ACTIVE');
}
