import type { ShownResource } from '../mesh/console-protocol.ts';
import { asResource } from './check-draft.ts';
import { useEntryState } from './entry-state.ts';
import { Moment, Table } from './parts.tsx';
import { columns, orderAfter, parseOrder, sorted } from './sort-resources.ts';
import { summaryOf } from './summary.ts';

interface ResourceTableProps {
	readonly caption: string;
	/** The head of what sums each up. */
	readonly about: string;
	readonly resources: readonly ShownResource[];
	readonly hrefOf: (resource: ShownResource) => string;
}

export function ResourceTable({ caption, about, resources, hrefOf }: ResourceTableProps) {
	const [kept, setKept] = useEntryState('order');
	const order = parseOrder(kept);
	const heads = columns.map((column) => ({
		text: column === 'Summary' ? about : column,
		isDown: order.by === column ? order.isDown : undefined,
		onPress: () => setKept(orderAfter(order, column)),
	}));
	return (
		<Table caption={caption} heads={heads}>
			{sorted(resources, order).map((each) => (
				<tr key={each.arn}>
					<th scope="row">
						<a href={hrefOf(each)}>
							<bdi>{each.name}</bdi>
						</a>
					</th>
					<td>
						<bdi>{summaryOf(asResource(each))}</bdi>
					</td>
					<td>{each.version}</td>
					<td>
						<Moment at={each.updatedAt} />
					</td>
				</tr>
			))}
		</Table>
	);
}
