import type { ShownResource } from '../mesh/console-protocol.ts';
import { asResource } from './check-draft.ts';
import { Moment, Table } from './parts.tsx';
import { summaryOf } from './summary.ts';

interface ResourceTableProps {
	readonly caption: string;
	/** The head of what sums each up. */
	readonly about: string;
	readonly resources: readonly ShownResource[];
	readonly hrefOf: (resource: ShownResource) => string;
}

export const ResourceTable = ({ caption, about, resources, hrefOf }: ResourceTableProps) => (
	<Table caption={caption} heads={['Name', about, 'Version', 'Changed']}>
		{resources.map((each) => (
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
