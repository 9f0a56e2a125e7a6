import { useEffect, useState } from 'preact/hooks';
import { inKeyOrder, yamlText } from '../mesh/canonical.ts';
import { isRecord } from '../mesh/check-shape.ts';
import type { HistoryReply, ShownEvent } from '../mesh/console-protocol.ts';
import { messageOf, useShared } from './context.ts';
import { DiffView } from './diff-view.tsx';
import { Heading, Moment, Problem } from './parts.tsx';

const AT_FIRST = 50;
const MOST = 1_000;

/** Who has changed what, and when. */
export function HistoryView({ mesh }: { readonly mesh: string | undefined }) {
	const { found, problem, limit, setLimit } = useHistory();
	const events = found?.events?.filter((event) => mesh === undefined || isIn(mesh, event));
	const hasOlder = found?.hasOlder === true && limit < MOST;
	return (
		<>
			<Heading text="History" />
			{problem === undefined ? null : <Problem text={problem} />}
			{found !== undefined && events === undefined ? <p>No history is kept here.</p> : null}
			{events?.length === 0 ? (
				<p>
					{hasOlder
						? `None of the latest ${limit} changes is among what is shown here.`
						: 'Nothing was changed by the API yet.'}
				</p>
			) : null}
			<ol class="history">
				{events?.map((event) => (
					<Event key={`${event.at} ${event.operation} ${event.resource}`} event={event} />
				))}
			</ol>
			{hasOlder ? (
				<button type="button" onClick={() => setLimit(MOST)}>
					Show older ones
				</button>
			) : null}
		</>
	);
}

/** It is asked for again with each change; after a failure, with all news. */
function useHistory() {
	const { server, state } = useShared();
	const [limit, setLimit] = useState(AT_FIRST);
	const [found, setFound] = useState<HistoryReply>();
	const [problem, setProblem] = useState<string>();
	useEffect(() => {
		server.history(limit).then(
			(reply) => {
				setFound(reply);
				setProblem(undefined);
			},
			(error) => setProblem(messageOf(error)),
		);
	}, [server, limit, problem === undefined ? state?.tag : state]);
	return { found, problem, limit, setLimit };
}

/** An ARN without what all have in common. */
const shortened = (arn: string): string => arn.replace(/^(?:[^:]*:){5}/, '');

const isIn = (mesh: string, { resource }: ShownEvent): boolean => {
	const path = shortened(resource);
	return path === `mesh/${mesh}` || path.startsWith(`mesh/${mesh}/`);
};

const Event = ({ event: { at, by, operation, resource, version, before, after } }: { readonly event: ShownEvent }) => (
	<li>
		<details>
			<summary>
				<strong>{operation}</strong> <bdi>{shortened(resource)}</bdi>
				<span class="by">
					<bdi>{by}</bdi>, <Moment at={at} />
					{version === undefined ? '' : `, version ${version}`}
				</span>
			</summary>
			<DiffView
				label={`What was changed: ${operation} ${shortened(resource)}, ${at}`}
				before={textOf(before)}
				after={textOf(after)}
			/>
		</details>
	</li>
);

/** Without what changes each time. */
function textOf(value: unknown): string {
	if (!isRecord(value)) return '';
	const { metadata: _, status: __, ...rest } = value;
	return yamlText(inKeyOrder(rest, (text) => text) as Readonly<Record<string, unknown>>);
}
