import type { ResourcesReply, ShownResource } from '../mesh/console-protocol.ts';
import type { Kind } from '../mesh/schema/kinds.ts';
import { asResource } from './check-draft.ts';
import { useEntryState } from './entry-state.ts';
import { capital, kindWords } from './kind-words.ts';
import { hrefOf, hrefOfKey } from './location.ts';
import { NotSeen } from './mesh-list.tsx';
import { Heading } from './parts.tsx';
import { ResourceTable } from './resource-table.tsx';
import { summaryOf } from './summary.ts';

interface KindListProps {
	readonly mesh: string;
	readonly kind: Kind;
	readonly reply: ResourcesReply;
}

/** All of a kind; of routers and gateways also what is in them. */
export function KindList({ mesh, kind, reply }: KindListProps) {
	const [wanted = '', setWanted] = useEntryState('wanted');
	const all = reply.resources.filter((each) => each.kind === kind);
	const found = all.filter((each) => rowText(each).includes(wanted.trim().toLowerCase()));
	const { one, many } = kindWords[kind];
	return (
		<>
			<div class="title">
				<Heading text={capital(many)} />
				<a class="button main" href={hrefOf({ view: 'create', mesh, kind, parent: '' })}>
					Create {one}
				</a>
			</div>
			<NotSeen reply={{ ...reply, unread: [] }} />
			{all.length > 10 ? (
				<label class="filter">
					Find
					<input type="search" value={wanted} onInput={({ currentTarget }) => setWanted(currentTarget.value)} />
				</label>
			) : null}
			{all.length === 0 ? <p>There are no {many} yet.</p> : null}
			<p role="status">{found.length < all.length ? `${found.length} of ${all.length}` : null}</p>
			{found.length === 0 ? null : <Rows caption={capital(many)} resources={found} />}
		</>
	);
}

const rowText = (resource: ShownResource): string =>
	`${resource.name} ${summaryOf(asResource(resource))} ${resource.tags.map(({ key, value }) => `${key} ${value}`).join(' ')}`.toLowerCase();

interface RowsProps {
	readonly caption: string;
	readonly resources: readonly ShownResource[];
}

export const Rows = (of: RowsProps) => <ResourceTable {...of} about="What it does" hrefOf={hrefOfKey} />;
